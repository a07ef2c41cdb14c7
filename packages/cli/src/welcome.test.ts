import { expect, test } from '@jest/globals';
import { quoted, welcome } from './welcome.js';

test('the commands push to the first region and pull from the second', () => {
  const regions = [
    { region: 'eu', url: 'http://127.0.0.1:5001' },
    { region: 'us', url: 'http://127.0.0.1:5002' },
  ];
  const text = welcome(regions, '/data', '/data/_hello');
  expect(text).toContain('  skopeo copy --dest-tls-verify=false oci:/data/_hello:1 docker://127.0.0.1:5001/hello:1\n');
  expect(text).toMatch(
    / {2}skopeo copy --src-tls-verify=false docker:\/\/127\.0\.0\.1:5002\/hello:1 oci:\S+\/atoll-us:1\n/,
  );
});

test.each([
  ['/data/eu', '/data/eu'],
  ['/my data', "'/my data'"],
  ["it's", "'it'\\''s'"],
])('%s is one word of a shell', (word, expected) => {
  expect(quoted(word)).toBe(expected);
});
