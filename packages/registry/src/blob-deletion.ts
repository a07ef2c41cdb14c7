import { RegistryError, type Digest, type RepositoryName } from '@atoll/core';
import type { CallOptions } from '@atoll/storage';
import type { BlobLinks } from './blob-links.js';

/** Who else may name a blob of a repository. */
export interface BlobReferences {
  /** To be asked before {@link manifestsNaming}: an intent goes only after its manifest is there. */
  intentsNaming(repository: RepositoryName, digest: Digest, o: CallOptions): Promise<boolean>;
  manifestsNaming(repository: RepositoryName, digest: Digest, o: CallOptions): Promise<boolean>;
}

const DELETE_ATTEMPTS = 8;

/**
 * Takes blobs out of repositories, unless a manifest names them. A blob is condemned first and the manifests are looked at after,
 * so that a push that comes to rely on it meanwhile either is seen or has to write the link, which the deletion then respects.
 */
export class BlobDeletion {
  constructor(
    private readonly links: BlobLinks,
    private readonly references: BlobReferences,
  ) {}

  /** Does not mind a blob that is not there. @throws RegistryError UNSUPPORTED while something in the repository names it */
  async delete(repository: RepositoryName, digest: Digest, o: CallOptions): Promise<void> {
    for (let attempt = 0; attempt < DELETE_ATTEMPTS; attempt++) {
      const version = await this.links.condemn(repository, digest, o);
      if (version === undefined) return;
      if (await this.#referenced(repository, digest, o)) {
        await this.links.acquit(repository, digest, o);
        throw notDeletable(digest, 'a manifest of this repository names the blob, delete the manifest first');
      }
      if (await this.links.remove(repository, digest, version, o)) return;
    }
    throw notDeletable(digest, 'the blob is being pushed again at this moment');
  }

  async #referenced(repository: RepositoryName, digest: Digest, o: CallOptions): Promise<boolean> {
    if (await this.references.intentsNaming(repository, digest, o)) return true;
    return this.references.manifestsNaming(repository, digest, o);
  }
}

function notDeletable(digest: Digest, why: string): RegistryError {
  return new RegistryError('UNSUPPORTED', `the blob was not deleted: ${why}`, { detail: { digest } });
}
