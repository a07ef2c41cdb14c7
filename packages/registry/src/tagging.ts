import { liveValue, sameRegister, type RepositoryName, type Tag } from '@atoll/core';
import type { ManifestPush } from './manifest-push.js';
import type { TagRegister, TagTarget } from './register-object.js';
import type { Tags } from './tags.js';
import type { WriteOptions } from './write-options.js';

/** How one push sets its tags, which it may have to do again until its manifest outlives every delete at the same time. */
export class Tagging {
  /** What this push wrote to the tag it has a condition for. */
  #written: TagRegister | undefined;

  constructor(
    private readonly tags: Pick<Tags, 'set' | 'setIf'>,
    private readonly repository: RepositoryName,
    private readonly target: TagTarget,
    private readonly onlyIf: ManifestPush['onlyIf'],
  ) {}

  /**
   * The condition decides the first time. Once it has held the tag is this push's, and is written again only while nobody else has
   * written it since: whoever has, came after, and what they were told stays true.
   */
  async set(tag: Tag, o: WriteOptions): Promise<'set' | 'refused'> {
    const { tags, repository, target, onlyIf } = this;
    if (!onlyIf || !('tag' in onlyIf.name) || onlyIf.name.tag !== tag) {
      await tags.set(repository, tag, target, o);
      return 'set';
    }
    const before = this.#written;
    const condition = before
      ? (old?: TagRegister) => old !== undefined && sameRegister(old, before)
      : (old?: TagRegister) => onlyIf.holds(old && liveValue(old)?.digest);
    const written = await tags.setIf(repository, tag, target, condition, o);
    this.#written = written ?? before;
    return this.#written ? 'set' : 'refused';
  }
}
