import { describe, expect, test } from '@jest/globals';
import { content } from '../harness/images.js';
import { eventually } from '../harness/service.js';
import { headerOf } from '../harness/wire.js';
import { verdict } from './answers.js';
import { registryUnderTest, SEVERAL_PROCESSES } from './registry-under-test.js';
import { randomBlob } from './samples.js';
import { lastByteOf, rangeOf, Upload, UPLOAD_FORMS } from './upload.js';
import { withDigest } from '../harness/push.js';

const registry = registryUnderTest();
const MEBIBYTE = 1024 * 1024;

describe('two clients at one upload', () => {
  const blob = randomBlob(2000);
  const [front, back] = [blob.bytes.subarray(0, 1000), blob.bytes.subarray(1000)];

  test('never mix their bytes: the second waits, and is told 416 where its range is taken', async () => {
    const upload = await Upload.start(registry.repository());
    const slow = await upload.begin('PATCH', upload.location, 1000);
    await slow.send(front.subarray(0, 400));
    const others = Buffer.alloc(1000, 'x');
    const second = upload.patch(others, { range: '0-999' });
    const first = await slow.finish(front.subarray(400));
    const secondWon = SEVERAL_PROCESSES && first.status === 416;
    const [taken, refused] = secondWon ? [await second, first] : [first, await second];
    expect([taken.status, headerOf(taken, 'Range')]).toEqual([202, '0-999']);
    expect([verdict(refused), lastByteOf(refused)]).toEqual(['416 RANGE_INVALID', 999]);
    const whole = content(Buffer.concat([secondWon ? others : front, back]));
    expect((await upload.put(whole.digest, back, { range: '1000-1999' })).status).toBe(201);
  });

  test('never mix their bytes: without a range the second adds behind the first', async () => {
    const upload = await Upload.start(registry.repository());
    const slow = await upload.begin('PATCH', upload.location, 1000);
    await slow.send(front.subarray(0, 400));
    const second = upload.patch(back);
    const first = await slow.finish(front.subarray(400));
    const last = await second;
    if (SEVERAL_PROCESSES && [first.status, last.status].includes(416)) {
      expect([headerOf(first, 'Range'), headerOf(last, 'Range')]).toEqual(['0-999', '0-999']);
      return;
    }
    expect(first.status).toBe(202);
    expect(headerOf(last, 'Range')).toBe('0-1999');
    expect((await upload.put(blob.digest)).status).toBe(201);
  });

  test('that send one chunk at the same moment are told 202 and 416', async () => {
    const upload = await Upload.start(registry.repository());
    const both = await Promise.all([1, 2].map(() => upload.patch(front, { range: '0-999' })));
    expect(both.map(({ status }) => status).sort()).toEqual([202, 416]);
    for (const answer of both) expect(lastByteOf(answer)).toBe(999);
    expect((await upload.put(blob.digest, back)).status).toBe(201);
  });

  test('that close it at the same moment are both told 201', async () => {
    const upload = await Upload.start(registry.repository());
    await upload.patch(blob.bytes);
    const all = await Promise.all([1, 2, 3].map(() => upload.put(blob.digest)));
    expect(all.map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  test('of which one gives it up leave a whole blob or none', async () => {
    const upload = await Upload.start(registry.repository());
    const own = randomBlob(MEBIBYTE);
    await upload.patch(own.bytes);
    const [end, cancelled] = await Promise.all([upload.put(own.digest), upload.cancel()]);
    // What several processes have answered both ways is a blob: the upload was given up once it was one.
    const both = SEVERAL_PROCESSES ? [[201, 204]] : [];
    expect([[201, 404], [404, 204], ...both]).toContainEqual([end.status, cancelled.status]);
    const pulled = await upload.repository.send('GET', `blobs/${own.digest}`);
    expect([pulled.status, pulled.body.equals(own.bytes)]).toEqual(end.status === 201 ? [200, true] : [404, false]);
  });
});

describe('one layer brought by many clients at once', () => {
  test('is whole in both repositories, and none of ten is refused', async () => {
    const repositories = [registry.repository(), registry.repository()];
    const layer = randomBlob(MEBIBYTE);
    // Nine ways, and the first one again.
    const forms = [...UPLOAD_FORMS, ...UPLOAD_FORMS.slice(0, 1)];
    const pushes = forms.map(([, push], at) => push(repositories[at % 2] ?? registry.repository(), layer, ''));
    const answers = await Promise.all(pushes);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 201));
    for (const repository of repositories) {
      const pulled = await repository.send('GET', `blobs/${layer.digest}`);
      expect([pulled.status, pulled.body.equals(layer.bytes)]).toEqual([200, true]);
    }
  });

  test.each(UPLOAD_FORMS)('by %s, while others bring other content under its digest', async (_form, push) => {
    const repository = registry.repository();
    const layer = randomBlob(50_000);
    const forged = { digest: layer.digest, bytes: randomBlob(50_000).bytes };
    const sent = [layer, forged, layer, forged, layer];
    const answers = await Promise.all(sent.map((blob) => push(repository, blob, '')));
    expect(answers.map(({ status }) => status)).toEqual([201, 400, 201, 400, 201]);
    expect((await repository.send('GET', `blobs/${layer.digest}`)).body.equals(layer.bytes)).toBe(true);
  });
});

describe('a client whose connection breaks', () => {
  const blob = randomBlob(3 * MEBIBYTE);
  const half = blob.bytes.subarray(0, 1.5 * MEBIBYTE);

  async function resume(upload: Upload): Promise<void> {
    const offset = await upload.settledOffset();
    expect(offset).toBeLessThanOrEqual(half.length);
    const rest = (from: number) => upload.patch(blob.bytes.subarray(from), { range: rangeOf(from, blob.bytes.length) });
    const answer = await rest(offset);
    // Another process was still writing down what had arrived, and says how much that is.
    const last = SEVERAL_PROCESSES && answer.status === 416 ? await rest(lastByteOf(answer) + 1) : answer;
    expect(last.status).toBe(202);
    expect((await upload.put(blob.digest)).status).toBe(201);
    const pulled = await upload.repository.send('GET', `blobs/${blob.digest}`);
    expect(pulled.body.equals(blob.bytes)).toBe(true);
  }

  test('in the middle of a PATCH finds what had arrived, and goes on from there', async () => {
    const upload = await Upload.start(registry.repository());
    const begun = await upload.begin('PATCH', upload.location, blob.bytes.length);
    await begun.send(half);
    begun.cut();
    await eventually(async () => ((await upload.settledOffset()) > 0 || !SEVERAL_PROCESSES ? true : undefined), {
      timeoutMs: 10_000,
      what: 'what had arrived',
    });
    expect(await upload.settledOffset()).toBeGreaterThan(0);
    const status = await upload.status();
    expect([status.status, lastByteOf(status)]).toEqual([204, (await upload.settledOffset()) - 1]);
    await resume(upload);
  });

  test('in the middle of a second chunk loses nothing of the first', async () => {
    const upload = await Upload.start(registry.repository());
    await upload.patch(blob.bytes.subarray(0, MEBIBYTE), { range: rangeOf(0, MEBIBYTE) });
    const begun = await upload.begin('PATCH', upload.location, 2 * MEBIBYTE);
    await begun.send(half.subarray(MEBIBYTE));
    begun.cut();
    expect(await upload.settledOffset()).toBeGreaterThanOrEqual(MEBIBYTE);
    await resume(upload);
  });

  test('in the middle of a PUT has made no blob, and the upload can be finished', async () => {
    const upload = await Upload.start(registry.repository());
    await upload.patch(blob.bytes.subarray(0, MEBIBYTE));
    const begun = await upload.begin('PUT', withDigest(upload.location, blob.digest), 2 * MEBIBYTE);
    await begun.send(half.subarray(MEBIBYTE));
    begun.cut();
    expect(await upload.settledOffset()).toBeGreaterThanOrEqual(MEBIBYTE);
    expect((await upload.repository.send('HEAD', `blobs/${blob.digest}`)).status).toBe(404);
    await resume(upload);
  });

  test('in the middle of a POST with everything has made no blob', async () => {
    const repository = registry.repository();
    const own = randomBlob(MEBIBYTE);
    const headers = { 'Content-Length': own.bytes.length, Expect: '100-continue' };
    const begun = repository.wire.begin('POST', repository.path(`blobs/uploads/?digest=${own.digest}`), headers);
    await begun.asked();
    await begun.send(own.bytes.subarray(0, 500_000));
    begun.cut();
    await repository.pushBytes('another');
    expect((await repository.send('HEAD', `blobs/${own.digest}`)).status).toBe(404);
    await repository.pushBlobs(own);
    expect((await repository.send('GET', `blobs/${own.digest}`)).body.equals(own.bytes)).toBe(true);
  });
});
