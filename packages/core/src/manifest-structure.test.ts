import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkManifestStructure } from './manifest-structure.js';
import { RegistryError } from './registry-error.js';

const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

describe('passes', () => {
  test.each([
    ['an empty object', '{}'],
    [
      'every field once',
      '{"schemaVersion":2,"config":{"size":1},"layers":[{"size":1},{"size":1}],"subject":{"size":1}}',
    ],
    ['annotations that differ by case, which a Go map keeps apart', '{"annotations":{"a":"","A":""}}'],
    ['annotations named as fields', '{"annotations":{"Layers":"","LAYERS":""},"config":{"annotations":{"Size":""}}}'],
    ['extensions that differ by case', '{"x":{"Layers":[],"layers":[{"Size":1,"size":2}]}}'],
    ['one key in several objects', '{"x":[{"a":1},{"a":1}],"y":{"a":{"a":1}}}'],
    ['text that looks like keys', '{"x":"{\\"a\\":1,\\"a\\":1}","y":["a",":","a"]}'],
    ['text that ends in backslashes', '{"x":"\\\\","y":"\\\\\\"","z":"\\\\\\\\"}'],
    ['depth 32', nested(32)],
    ['brackets in text', `{"x":"${'['.repeat(100)}"}`],
    ['a key named constructor with an object', '{"constructor":{"Size":1,"size":1}}'],
  ])('%s', (_, text) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
    expect(() => checkManifestStructure(text)).not.toThrow();
  });
});

describe('refuses', () => {
  test.each([
    ['a repeated field', '{"layers":[],"layers":[]}'],
    ['a repeated field far away', '{"layers":[],"x":{"y":[{"z":1}]},"layers":[]}'],
    ['a repeated unknown key', '{"x":1,"x":1}'],
    ['a key repeated by an escape', '{"x":1,"\\u0078":1}'],
    ['a repeated empty key', '{"":1,"":1}'],
    ['a key repeated with space before the colon', '{"x" \t\r\n:1,"x"\n:1}'],
    ['an annotation repeated', '{"annotations":{"a":"1","a":"2"}}'],
    ['a key repeated in an extension', '{"x":{"y":[{"z":1,"z":2}]}}'],
    ['a lone field in another case, which Go would take', '{"Layers":[]}'],
    ['a field in another case beside the right one', '{"layers":[],"LAYERS":[]}'],
    ['a field with the long s', '{"layer\u017f":[]}'],
    ['a field with an escaped long s', '{"layer\\u017f":[]}'],
    ['a media type with the long s', '{"\u017fchemaVersion":2}'],
    ['unknown keys of the manifest that differ by case', '{"extra":1,"Extra":1}'],
    ['a config in another case', '{"config":{"Digest":""}}'],
    ['a layer in another case', '{"layers":[{"size":1},{"siZe":1}]}'],
    ['a child in another case', '{"manifests":[{"digest":"","dIgest":""}]}'],
    ['a subject in another case', '{"subject":{"MediaType":""}}'],
    ['a platform in another case', '{"manifests":[{"platform":{"OS":"linux"}}]}'],
    ['a field of schema 1 in another case', '{"fslayers":[]}'],
    ['__proto__', '{"__proto__":{}}'],
    ['__proto__ deep down', '{"x":[{"y":{"__proto__":1}}]}'],
    ['__proto__ among annotations', '{"annotations":{"__proto__":""}}'],
    ['__proto__ by an escape', '{"\\u005f_proto__":1}'],
    ['depth 33', nested(33)],
    ['depth 33 by objects', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
  ])('%s', (_, text) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
    expect(() => checkManifestStructure(text)).toThrow(RegistryError);
  });
});

test('a document made by JSON.stringify passes, in any layout', () => {
  const extensions = fc
    .jsonValue({ maxDepth: 10, stringUnit: 'binary' })
    .filter((value) => !JSON.stringify(value).includes('__proto__'));
  fc.assert(
    fc.property(extensions, fc.constantFrom('', ' ', '\t'), (extension, indent) => {
      checkManifestStructure(JSON.stringify({ extension }, null, indent));
    }),
  );
});

test('a key put a second time into any object of a document is found', () => {
  const objects = fc.dictionary(
    fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
    fc.jsonValue({ stringUnit: 'binary' }).filter((value) => !JSON.stringify(value).includes('__proto__')),
    { minKeys: 1 },
  );
  fc.assert(
    fc.property(objects, fc.nat(), fc.jsonValue(), (object, choice, before) => {
      const entries = Object.entries(object).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
      const doubled = entries[choice % entries.length] ?? '';
      const text = `{"x":[${JSON.stringify({ before })},{${[...entries, doubled].join()}}]}`;
      expect(() => checkManifestStructure(text)).toThrow(RegistryError);
    }),
  );
});
