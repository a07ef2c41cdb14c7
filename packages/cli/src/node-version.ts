/** As in `packages/bootstrap/node.mjs`, which brings one where commands of npm are used. */
const OLDEST = [22, 18] as const;

/** The sentence about a Node that is too old to run anything here; `undefined` for one that is not. */
export function tooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `this is Node ${version}, and ${OLDEST.join('.')} or newer is needed: install one, or use npm run atoll, which brings one`;
}
