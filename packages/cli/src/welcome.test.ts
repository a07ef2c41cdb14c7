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

test('a region on a bucket is told with it, and the folder only where one has its data there', () => {
  const eu = { region: 'eu', url: 'http://127.0.0.1:1', bucket: 'file:///buckets/eu' };
  const us = { region: 'us', url: 'http://127.0.0.1:2' };
  expect(welcome([eu, us], '/data', '/data/_hello')).toContain(
    'with data in /data\n\n  eu  http://127.0.0.1:1  in file:///buckets/eu\n  us  http://127.0.0.1:2\n',
  );
  const whole = welcome([eu, { ...us, bucket: 'file:///buckets/us' }], '/data', '/data/_hello');
  expect(whole).toContain('serves 2 regions\n');
  expect(whole).toContain('us  http://127.0.0.1:2  in file:///buckets/us\n');
});

test.each([
  ['/data/eu', '/data/eu'],
  ['/my data', "'/my data'"],
  ["it's", "'it'\\''s'"],
])('%s is one word of a shell', (word, expected) => {
  expect(quoted(word)).toBe(expected);
});
