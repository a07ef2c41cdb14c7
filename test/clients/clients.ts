import { buildah } from './buildah.js';
import { buildkit } from './buildkit.js';
import { containerd, containerd2 } from './containerd.js';
import { cosign2, cosign3 } from './cosign.js';
import { crane } from './crane.js';
import { docker, docker2 } from './docker.js';
import { helm3, helm4 } from './helm.js';
import { jib } from './jib.js';
import { kaniko } from './kaniko.js';
import { ko } from './ko.js';
import { notation } from './notation.js';
import { oras } from './oras.js';
import { podman } from './podman.js';
import { regctl } from './regctl.js';
import { regbot, regsync } from './regsync.js';
import { syft, trivy } from './scanners.js';
import { skopeo } from './skopeo.js';
import type { Client } from './trial.js';
import { umoci } from './umoci.js';

/** Clients that Debian carries, and three that a minute's build brings. */
export const QUICK_CLIENTS: readonly Client[] = [skopeo, umoci, podman, buildah, containerd, crane, oras, regctl];

export const CLIENTS: readonly Client[] = [
  ...QUICK_CLIENTS,
  ...[regsync, regbot, containerd2, docker, docker2, buildkit, kaniko, ko, jib],
  ...[cosign3, cosign2, notation, helm4, helm3, syft, trivy],
];

/** The clients whose id is one of `words`, or begins with it and a dash. @throws Error that lists what there is */
export function clientsNamed(words: readonly string[]): Client[] {
  const unknown = words.filter((word) => !CLIENTS.some((client) => isNamed(client, word)));
  if (unknown.length > 0)
    throw new Error(`no client named ${unknown.join(', ')}; there are ${CLIENTS.map(({ id }) => id).join(', ')}`);
  return CLIENTS.filter((client) => words.some((word) => isNamed(client, word)));
}

function isNamed({ id }: Client, word: string): boolean {
  return id === word || id.startsWith(`${word}-`);
}
