import type { Random } from '../harness/random.js';
import type { Step } from './connection.js';
import { Batch } from './message.js';
import type { Nasty } from './nasty.js';
import { headerOf, type Reply } from './reply-reader.js';
import type { World } from './world.js';

/** An upload that was opened and may hold bytes. */
export interface OpenUpload {
  readonly repository: string;
  readonly location: string;
}

/** What an episode is made of. The same seed gives the same scene, but for the addresses of uploads, which the server makes up. */
export interface Scene {
  readonly random: Random;
  readonly nasty: Nasty;
  readonly world: World;
  /** A repository that nobody else touches. */
  readonly own: string;
  /** Of this lane, over all episodes; whoever takes one out ends it. */
  readonly uploads: OpenUpload[];
  /** Begins the ids of the episode's requests. */
  readonly prefix: string;
}

/** What one connection says for a while: yields what to send, is given the answers. */
export type Episode = Generator<Step, void, Reply[]>;

const MAX_OPEN_UPLOADS = 6;

export function batch(scene: Pick<Scene, 'prefix'>, name: string): Batch {
  return new Batch(`${scene.prefix}.${name}`);
}

/** Opens an upload in `repository`; `undefined` when the server would not, which its answer's check has told. */
export function* openUpload(scene: Scene, repository: string): Generator<Step, OpenUpload | undefined, Reply[]> {
  const target = `/v2/${repository}/blobs/uploads/`;
  const [reply] = yield batch(scene, 'start')
    .add({ method: 'POST', target }, { wanted: [202] })
    .step();
  const location = reply && headerOf(reply.head, 'location');
  return location === undefined ? undefined : { repository, location };
}

/** Remembers an upload, and cancels the oldest when there are many. */
export function* keepUpload(scene: Scene, upload: OpenUpload): Episode {
  scene.uploads.push(upload);
  if (scene.uploads.length <= MAX_OPEN_UPLOADS) return;
  const oldest = scene.uploads.shift();
  if (oldest) yield batch(scene, 'cancel').add({ method: 'DELETE', target: oldest.location }).step();
}
