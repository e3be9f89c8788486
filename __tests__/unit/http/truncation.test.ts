import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { cutAll } from '../../../trials/cuts/all.ts';
import { cutCsv, cutJson } from '../../../trials/cuts/upstream.ts';
import { chunked } from '../../../trials/fuzz/chunked.ts';
import type { End, Way } from '../../../trials/fuzz/loopback.ts';
import { clientTo, rawVendor, rejection, vendorOf } from './loopback.ts';

const call = { path: '/api/log', accept: 'json' } as const;
const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const zipped = gzipSync('[{"id":1},{"id":2}]');

const responses: [string, Buffer][] = [
  ['Content-Length', Buffer.from(`${head}content-length: 19\r\n\r\n[{"id":1},{"id":2}]`)],
  [
    'chunks',
    Buffer.concat([
      Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`),
      chunked(Buffer.from('[1,2,3]'), { sizes: [3] }),
    ]),
  ],
  [
    'gzip with Content-Length',
    Buffer.concat([Buffer.from(`${head}content-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`), zipped]),
  ],
  [
    'gzip in chunks',
    Buffer.concat([
      Buffer.from(`${head}content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n`),
      chunked(zipped, { sizes: [9] }),
    ]),
  ],
];

describe.each(responses)('HttpClient: a response framed by %s', (_, whole) => {
  test('whole: is accepted', async () => {
    const { origin } = await rawVendor(() => whole);
    expect((await clientTo(origin).send(call)).body.toString()).toMatch(/^\[.*\]$/);
  });

  test('truncated at any byte: is never accepted', async () => {
    const { origin } = await rawVendor((count) => whole.subarray(0, count));
    const client = clientTo(origin, {
      maxAttempts: whole.length,
      clock: { now: Date.now, random: () => 0, sleep: async () => {} },
    });
    expect(await rejection(client.send(call))).toMatchObject({ kind: 'unavailable' });
    expect(client.exchanges).toHaveLength(whole.length);
    expect(client.exchanges.every(({ status, sha256 }) => status === null && sha256 === null)).toBe(true);
  });

  test('truncated in the first try: is fetched again', async () => {
    const { origin } = await rawVendor((count) => (count === 0 ? whole.subarray(0, -3) : whole));
    const client = clientTo(origin);
    await client.send(call);
    expect(client.reasons).toHaveLength(1);
  });
});

test('HttpClient: a gzip body that was truncated at any byte before it was framed: is never accepted', async () => {
  const headers = { 'content-encoding': 'gzip' };
  for (let length = 0; length < zipped.length; length++) {
    const { origin } = await vendorOf({ headers, body: zipped.subarray(0, length) });
    const error = await rejection(clientTo(origin, { maxAttempts: 2 }).send(call));
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('gzip body truncated') });
  }
});

/** A sample of `npm run trial -- cuts`, which truncates at every byte. */
describe('a truncated response of 16 KiB', () => {
  test.each<[way: Way, end: End, stride: number, timeoutMs: number]>([
    ['send', 'fin', 997, 5_000],
    ['send', 'reset', 4_999, 5_000],
    ['send', 'stall', 9_973, 50],
    ['download', 'fin', 1_999, 5_000],
    ['download', 'reset', 4_999, 5_000],
    ['download', 'stall', 9_973, 50],
  ])('%s, truncated by %s, under any framing: is never accepted', async (way, end, stride, timeoutMs) => {
    const rows = await cutAll({ first: 3, stride, end, timeoutMs, way });
    for (const { body, framing, tried, taken, refused, wholeIsRight } of rows) {
      expect({ body, framing, taken, wholeIsRight }).toEqual({ body, framing, taken: [], wholeIsRight: true });
      expect(tried).toBeGreaterThan(0);
      expect(refused.has('bug')).toBe(false);
    }
  });

  test('JSON that was truncated before it was framed: is refused by the reader', () => {
    const { tried, taken } = cutJson(37);
    expect(tried).toBeGreaterThan(400);
    expect(taken).toEqual([]);
  });

  test('CSV that was truncated before it was framed: passes only at the end of a row, unless rows are counted or asked for again', async () => {
    const counted = await cutCsv('aitronos', 211);
    expect(counted).toMatchObject({ rowsLost: 0, both: 0 });
    expect(counted.miscounted).toBeGreaterThan(0);
    const again = await cutCsv('kosli', 211);
    expect(again.tried).toBeGreaterThan(50);
    expect(again.unreadable).toBeGreaterThan(0.8 * again.tried);
    expect(again.miscounted).toBeGreaterThan(0);
    expect(again.cellCut).toBe(0);
  });
});
