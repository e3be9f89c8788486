import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { rawVendor, rejection, vendorOf, wireTo } from './http-loopback.ts';

const call = { path: '/api/log', accept: 'json' } as const;
const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const zipped = gzipSync('[{"id":1},{"id":2}]');

const chunked = (body: Buffer, size: number): Buffer => {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
};

const responses: [string, Buffer][] = [
  ['Content-Length', Buffer.from(`${head}content-length: 19\r\n\r\n[{"id":1},{"id":2}]`)],
  [
    'chunks',
    Buffer.concat([Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`), chunked(Buffer.from('[1,2,3]'), 3)]),
  ],
  [
    'gzip with Content-Length',
    Buffer.concat([Buffer.from(`${head}content-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`), zipped]),
  ],
  [
    'gzip in chunks',
    Buffer.concat([
      Buffer.from(`${head}content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n`),
      chunked(zipped, 9),
    ]),
  ],
];

describe.each(responses)('a response framed by %s', (_, whole) => {
  test('is accepted whole', async () => {
    const { origin } = await rawVendor(() => whole);
    expect((await wireTo(origin).send(call)).body.toString()).toMatch(/^\[.*\]$/);
  });

  test('is never accepted cut, at whichever byte', async () => {
    const { origin } = await rawVendor((count) => whole.subarray(0, count));
    const wire = wireTo(origin, {
      maxAttempts: whole.length,
      clock: { now: Date.now, random: () => 0, sleep: async () => {} },
    });
    expect(await rejection(wire.send(call))).toMatchObject({ kind: 'unavailable' });
    expect(wire.exchanges).toHaveLength(whole.length);
    expect(wire.exchanges.every(({ status, sha256 }) => status === null && sha256 === null)).toBe(true);
  });

  test('is fetched again after a cut', async () => {
    const { origin } = await rawVendor((count) => (count === 0 ? whole.subarray(0, -3) : whole));
    const wire = wireTo(origin);
    await wire.send(call);
    expect(wire.reasons).toHaveLength(1);
  });
});

test('a gzip body that was cut before it was framed is never accepted, at whichever byte', async () => {
  const headers = { 'content-encoding': 'gzip' };
  for (let length = 0; length < zipped.length; length++) {
    const { origin } = await vendorOf({ headers, body: zipped.subarray(0, length) });
    const error = await rejection(wireTo(origin, { maxAttempts: 2 }).send(call));
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('gzip body cut short') });
  }
});
