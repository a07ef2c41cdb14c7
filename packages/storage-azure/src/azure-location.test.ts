import { expect, test } from '@jest/globals';
import { faultOfAzureUrl, parseAzureUrl } from './azure-location.js';

test.each([
  ['az://atolleu/registry', { account: 'atolleu', container: 'registry', prefix: '' }],
  ['az://atolleu/registry/', { account: 'atolleu', container: 'registry', prefix: '' }],
  ['az://atolleu/registry/one/two', { account: 'atolleu', container: 'registry', prefix: 'one/two/' }],
  [
    'az://devstoreaccount1/registry?endpoint=http://127.0.0.1:10000/devstoreaccount1/',
    {
      account: 'devstoreaccount1',
      container: 'registry',
      prefix: '',
      endpoint: 'http://127.0.0.1:10000/devstoreaccount1',
    },
  ],
])('%s names a place', (url, location) => {
  expect(parseAzureUrl(url)).toEqual(location);
});

test.each([
  ['s3://bucket', 'must begin with az://'],
  ['az://registry', 'must name a container'],
  ['az:///registry', 'must name a storage account'],
  ['az://At_Oll/registry', 'must name a storage account'],
  ['az://atolleu/Registry', 'must name a container'],
  ['az://atolleu/a--b', 'must name a container'],
  ['az://atolleu/registry//x', 'has a prefix with an empty segment'],
  ['az://atolleu/registry/a%20b', 'has a prefix'],
  ['az://atolleu/registry#x', 'must not hold a #'],
  ['az://atolleu/registry?endpoint=ftp://host', 'must have an endpoint such as'],
  ['az://atolleu/registry?endpoint=https://a&endpoint=https://b', 'gives endpoint twice'],
])('%s is refused', (url, fault) => {
  expect(faultOfAzureUrl(url)).toContain(fault);
  expect(() => parseAzureUrl(url)).toThrow(TypeError);
});

test.each([
  'az://user:hunter2@atolleu/registry',
  'az://atolleu/registry?sig=hunter2&se=2030',
  'az://atolleu/registry?hunter2',
  'az://atolleu/registry?endpoint=https://user:hunter2@host',
  'az://atolleu/registry?endpoint=https://host%3Fsig=hunter2',
])('what may be a secret is refused and not repeated', (url) => {
  expect(faultOfAzureUrl(url)).toBeDefined();
  expect(faultOfAzureUrl(url)).not.toContain('hunter2');
});
