import type { Random } from '../harness/random.js';

const VALUES = [
  'null',
  '[]',
  '{}',
  '""',
  '-1',
  '1e400',
  '1.5',
  '9007199254740993',
  'true',
  '"\\ud800"',
  '"\\u0000"',
  '[[]]',
];
const MEMBERS = [
  '"schemaVersion":2,"schemaVersion":1',
  '"Layers":[]',
  '"LAYERS":[{}]',
  '"__proto__":{"x":1}',
  '"constructor":{"prototype":{}}',
  '"manifests":[]',
  '"fsLayers":[]',
  '"subject":{"mediaType":"x","digest":"sha256:x","size":0}',
  '"subject":[]',
  '"layer\u017f":[]',
  '"annotations":{"a":1}',
  '"annotations":{"a":"1","a":"2"}',
  '"config":null',
  '"artifactType":"a\\nb"',
  '"mediaType":"text/html"',
  '"layers":[{"mediaType":"x","digest":"sha256:..","size":-1,"urls":["file:///etc/passwd"]}]',
  `"x":${'['.repeat(40)}${']'.repeat(40)}`,
  `"x":"${'x'.repeat(5000)}"`,
];

/** A manifest with one thing wrong, and now and then none. */
export function spoiled(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString();
  switch (random.between(0, 9)) {
    case 0:
      return Buffer.from(text.slice(0, random.between(0, text.length)));
    case 1:
      return Buffer.from(text.replace('{', `{${random.pick(MEMBERS)},`));
    case 2:
      return Buffer.from(text.replace(/\}$/, `,${random.pick(MEMBERS)}}`));
    case 3:
      return Buffer.from(replaceOne(text, /"[^"]*"(?=[,}\]])|[0-9]+(?=[,}])/g, random.pick(VALUES), random));
    case 4:
      return Buffer.from(
        replaceOne(text, /"[a-zA-Z]+":/g, `${JSON.stringify(random.pick(['', 'SIZE', '\u212aey', 'size']))}:`, random),
      );
    case 5:
      return flipped(bytes, random);
    case 6:
      return Buffer.from(
        random.pick([`\ufeff${text}`, `${text}{}`, `${text}\0`, ` ${text}`, `[${text}]`, `"${text}"`, '']),
      );
    case 7:
      return Buffer.from('['.repeat(random.between(1, 3000)));
    case 8:
      return Buffer.from(replaceOne(text, /sha256:[0-9a-f]+/g, `sha256:${'0'.repeat(random.between(60, 68))}`, random));
    default:
      return bytes;
  }
}

function replaceOne(text: string, pattern: RegExp, by: string, random: Random): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { index, 0: match } = random.pick(found);
  return text.slice(0, index) + by + text.slice(index + match.length);
}

function flipped(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let left = random.between(1, 4); left > 0; left--)
    copy[random.between(0, copy.length - 1)] = random.between(0, 255);
  return copy;
}
