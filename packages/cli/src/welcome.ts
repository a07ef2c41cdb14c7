import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RegionAddress {
  readonly region: string;
  /** `http://127.0.0.1:5001` */
  readonly url: string;
  /** Absent where the data folder has its data. */
  readonly bucket?: string | undefined;
}

/** What `up` prints once both regions serve: where they are, and commands that can be pasted as they stand. */
export function welcome(regions: readonly RegionAddress[], dataFolder: string, sampleFolder: string): string {
  const [first, second = first] = regions;
  if (first === undefined || second === undefined) return '';
  const image = 'hello:1';
  const width = Math.max(...regions.map(({ region }) => region.length));
  const push = [
    'skopeo copy --dest-tls-verify=false',
    quoted(`oci:${sampleFolder}:1`),
    `docker://${hostOf(first)}/${image}`,
  ];
  const pull = [
    'skopeo copy --src-tls-verify=false',
    `docker://${hostOf(second)}/${image}`,
    quoted(`oci:${join(tmpdir(), `atoll-${second.region}`)}:1`),
  ];
  return [
    `Atoll serves ${regions.length === 1 ? 'one region' : `${regions.length} regions`}${placeOf(regions, dataFolder)}`,
    '',
    ...regions.map(({ region, url, bucket }) => {
      const line = `  ${region.padEnd(width)}  ${url}`;
      return bucket === undefined ? line : `${line}  in ${bucket}`;
    }),
    '',
    `Push an image to ${first.region} (a small one lies ready; docker://docker.io/library/alpine:3 is another source):`,
    `  ${push.join(' ')}`,
    '',
    `Pull it from ${second.region}:`,
    `  ${pull.join(' ')}`,
    '',
    'Ctrl-C stops; what was pushed stays.',
    '',
    '',
  ].join('\n');
}

/** The folder, where any region has its data there. */
function placeOf(regions: readonly RegionAddress[], dataFolder: string): string {
  return regions.some(({ bucket }) => bucket === undefined) ? `, with data in ${dataFolder}` : '';
}

function hostOf({ url }: RegionAddress): string {
  return new URL(url).host;
}

/** As a shell takes it for one word. */
export function quoted(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
