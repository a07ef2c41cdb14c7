import { describe, expect, test } from '@jest/globals';
import { jsonOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';

const registry = registryUnderTest();

describe('whether this is a registry (distribution-spec, Determining Support)', () => {
  test.each(['/v2/', '/v2'])('GET %s is 200 and an empty object', async (path) => {
    const answer = await registry.send('GET', path);
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toEqual({});
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '2',
      'docker-distribution-api-version': 'registry/2.0',
    });
  });

  test('HEAD answers as GET does, without the body', async () => {
    const { status, headers, body } = await registry.send('HEAD', '/v2/');
    expect([status, headers['content-length'], body.length]).toEqual([200, '2', 0]);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s is 405, and says what there is', async (method) => {
    const answer = await registry.send(method, '/v2/');
    expect(verdict(answer)).toBe('405 UNSUPPORTED');
    expect(answer.headers.allow).toBe('GET, HEAD');
  });

  test('the API version is on errors too', async () => {
    const { headers } = await registry.send('GET', '/v2/no/such/route');
    expect(headers['docker-distribution-api-version']).toBe('registry/2.0');
  });
});
