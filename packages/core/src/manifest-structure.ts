import { RegistryError } from './registry-error.js';

const MAX_DEPTH = 32;

/**
 * An object that Go clients decode into a struct. Go takes a field whatever its case, and the last of several, so a second spelling
 * would show them another manifest than the one that was checked. Maps such as `annotations`, and extensions, have no shape:
 * Go keeps their keys apart by case, so only exact repeats are refused there.
 */
interface Shape {
  /** How each field must be spelled, by its {@link fold}. */
  readonly spelling: ReadonlyMap<string, string>;
  /** The shapes of the objects that a field holds, directly or in an array. */
  readonly nested: ReadonlyMap<string, Shape>;
}

interface Frame {
  readonly isArray: boolean;
  /** Of this object, or of the objects in this array. */
  readonly shape: Shape | undefined;
  /** The keys so far, folded where there is a shape. */
  keys?: Set<string>;
  latestKey: string;
}

const PLATFORM = shapeOf('architecture os os.version os.features variant features', {});
const DESCRIPTOR = shapeOf('mediaType digest size urls annotations data artifactType', { platform: PLATFORM });
const MANIFEST = shapeOf('schemaVersion mediaType artifactType annotations fsLayers', {
  config: DESCRIPTOR,
  layers: DESCRIPTOR,
  manifests: DESCRIPTOR,
  subject: DESCRIPTOR,
});

/**
 * Refuses what JSON.parse lets pass and readers disagree about: repeated keys, fields in another case, `__proto__`, deep nesting.
 * One pass over `text`, which must be valid JSON.
 * @throws RegistryError MANIFEST_INVALID
 */
export function checkManifestStructure(text: string): void {
  const frames: Frame[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      const frame = frames.at(-1);
      if (frame && isKey(text, end)) addKey(frame, decodeKey(text.slice(at, end + 1)));
      at = end;
    } else if (character === '{' || character === '[') {
      frames.push(openFrame(frames.at(-1), character === '['));
      if (frames.length > MAX_DEPTH) throw invalid(`the manifest nests deeper than ${MAX_DEPTH} levels`);
    } else if (character === '}' || character === ']') {
      frames.pop();
    }
  }
}

/** Where the string that begins at `start` has its closing quote: the first one after an even number of backslashes. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end > 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text[before] === '\\') before--;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}

/** In valid JSON only a key is followed by a colon. */
function isKey(text: string, endOfKey: number): boolean {
  let next = endOfKey + 1;
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++;
  return text[next] === ':';
}

function decodeKey(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

function openFrame(parent: Frame | undefined, isArray: boolean): Frame {
  return { isArray, shape: parent ? nestedShape(parent) : MANIFEST, latestKey: '' };
}

function nestedShape(parent: Frame): Shape | undefined {
  return parent.isArray ? parent.shape : parent.shape?.nested.get(parent.latestKey);
}

function addKey(frame: Frame, key: string): void {
  if (key === '__proto__') throw invalid('the manifest has a key "__proto__"');
  const folded = frame.shape ? fold(key) : key;
  const spelling = frame.shape?.spelling.get(folded) ?? key;
  if (spelling !== key) throw invalid(`the manifest spells "${spelling}" as ${JSON.stringify(key.slice(0, 100))}`);
  frame.keys ??= new Set();
  if (frame.keys.has(folded)) {
    throw invalid(`the manifest repeats the key ${JSON.stringify(key.slice(0, 100))}, perhaps in another case`);
  }
  frame.keys.add(folded);
  frame.latestKey = key;
}

/** Equal for keys that Go's encoding/json takes for each other: it also knows U+017F as an s and U+212A as a k. */
function fold(key: string): string {
  return key.toLowerCase().toUpperCase();
}

function shapeOf(fields: string, nested: Readonly<Record<string, Shape>>): Shape {
  const names = [...fields.split(' '), ...Object.keys(nested)];
  return { spelling: new Map(names.map((name) => [fold(name), name])), nested: new Map(Object.entries(nested)) };
}

function invalid(message: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', message);
}
