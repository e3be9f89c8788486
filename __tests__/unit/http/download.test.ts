import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Download } from '../../../src/http/call.ts';
import type { HttpClientOptions } from '../../../src/http/client.ts';
import { clientTo, filesOpenIn, listen, rawVendor, rejection, vendorOf } from './loopback.ts';

const call = { path: '/api/log', accept: 'json' } as const;
const BODY = JSON.stringify(Array.from({ length: 20_000 }, (_, id) => ({ id })));
const typed = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-test-'));
});
afterEach(async () => {
  // However a response ended, nothing of it is left in the folder, and no file is open.
  expect(await readdir(folder)).toEqual([]);
  expect(await filesOpenIn(folder)).toBe(0);
  await rm(folder, { recursive: true });
});

const opened = (origin: string, more: Partial<HttpClientOptions> = {}) =>
  clientTo(origin, { folder, memoryBytes: 10_000, ...more });

async function textOf({ chunks, release }: Download): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks()) all.push(chunk);
  await release();
  return Buffer.concat(all).toString();
}

describe('HttpClient: a download', () => {
  test.each([
    ['with a length', {}],
    ['in chunks', { headers: { 'transfer-encoding': 'chunked' } }],
  ])('%s: goes to the disk, and is reported with its SHA-256', async (_, answer) => {
    const { origin } = await vendorOf({ ...answer, body: BODY });
    const client = opened(origin);
    const download = await client.download({ ...call, query: { a: 1 } });
    expect(download).toMatchObject({ where: 'GET /api/log', body: null, bytes: BODY.length });
    expect(await filesOpenIn(folder)).toBe(1);
    expect(await textOf(download)).toBe(BODY);
    const sha256 = createHash('sha256').update(BODY).digest('hex');
    expect(client.exchanges).toMatchObject([{ path: '/api/log?a=1', status: 200, bytes: BODY.length, sha256 }]);
  });

  test('small: stays in memory', async () => {
    const { origin, seen } = await vendorOf({ body: '[1]' });
    const download = await opened(origin, { folder: join(folder, 'not-there') }).download({ ...call, body: { a: 1 } });
    expect(download.body?.toString()).toBe('[1]');
    expect(await textOf(download)).toBe('[1]');
    expect(seen[0]).toMatchObject({ method: 'GET', body: '{"a":1}' });
  });

  test('compressed: is decoded in memory', async () => {
    const { origin } = await vendorOf({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(BODY) });
    const download = await opened(origin).download(call);
    expect(download.body?.toString()).toBe(BODY);
  });

  test('three in a row: share a connection', async () => {
    let connections = 0;
    const { origin, server } = await vendorOf({ body: BODY });
    server.on('connection', () => connections++);
    const client = opened(origin);
    for (let turn = 0; turn < 3; turn++) expect(await textOf(await client.download(call))).toBe(BODY);
    expect(connections).toBe(1);
  });

  test('truncated: is fetched again as a whole, with nothing of the first tries', async () => {
    const whole = `${typed}content-length: ${BODY.length}\r\n\r\n${BODY}`;
    const { origin } = await rawVendor((count) => (count < 2 ? whole.replace('[', '{').slice(0, -3) : whole));
    const client = opened(origin);
    const download = await client.download(call);
    expect(await filesOpenIn(folder)).toBe(1);
    expect(await textOf(download)).toBe(BODY);
    expect(client.exchanges.map(({ sha256 }) => sha256 === null)).toEqual([true, true, false]);
    expect(client.reasons).toEqual(Array(2).fill('truncated response (ERR_HTTP_CONTENT_LENGTH_MISMATCH)'));
  });

  test.each([429, 503])('answered %i: is tried again', async (status) => {
    const { origin } = await vendorOf({ status, body: BODY }, { body: BODY });
    expect(await textOf(await opened(origin).download(call))).toBe(BODY);
  });

  test('stalled before its end: is a time-out', async () => {
    const server = net.createServer((socket) =>
      socket.once('data', () => socket.write(`${typed}content-length: ${BODY.length}\r\n\r\n${BODY.slice(0, -1)}`)),
    );
    const client = opened(`http://127.0.0.1:${await listen(server)}`, { timeoutMs: 300, maxAttempts: 2 });
    const error = await rejection(client.download(call));
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('time-out (ETIMEDOUT)') });
  });

  test('aborted before its end: throws the reason', async () => {
    const abort = new AbortController();
    const reason = new Error('Interrupted by SIGINT.');
    const server = net.createServer((socket) =>
      socket.once('data', () => {
        socket.write(`${typed}content-length: ${BODY.length}\r\n\r\n${BODY.slice(0, -1)}`);
        setTimeout(() => abort.abort(reason), 50);
      }),
    );
    const client = opened(`http://127.0.0.1:${await listen(server)}`, { signal: abort.signal });
    expect(await rejection(client.download(call))).toBe(reason);
  });

  test('of another content type: throws `protocol`, and leaves no file', async () => {
    const { origin, seen } = await vendorOf({ headers: { 'content-type': 'text/html' }, body: BODY });
    expect(await rejection(opened(origin).download(call))).toMatchObject({ kind: 'protocol' });
    expect(seen).toHaveLength(1);
  });

  test('without a length: throws `protocol`, and leaves no file', async () => {
    const { origin } = await rawVendor(() => `${typed}\r\n${BODY}`);
    const error = await rejection(opened(origin).download(call));
    expect(error).toMatchObject({ kind: 'protocol', message: expect.stringContaining('without a length') });
  });

  test.each([
    ['as its length announces', {}],
    ['in chunks', { headers: { 'transfer-encoding': 'chunked' } }],
  ])('beyond the limit, %s: throws `incomplete`', async (_, answer) => {
    const { origin, seen } = await vendorOf({ ...answer, body: BODY });
    const error = await rejection(opened(origin, { maxBytes: 50_000 }).download(call));
    expect(error).toMatchObject({ kind: 'incomplete', message: 'Kosli sent a response of more than 50000 bytes.' });
    expect(seen).toHaveLength(1);
  });

  test('with a folder that does not exist: throws `destination` at once', async () => {
    const { origin, seen } = await vendorOf({ body: BODY });
    const client = opened(origin, { folder: join(folder, 'not-there') });
    expect(await rejection(client.download(call))).toMatchObject({
      kind: 'destination',
      message: 'The export cannot be written (ENOENT).',
    });
    expect(seen).toHaveLength(1);
    expect(client.exchanges).toMatchObject([{ status: null, sha256: null, bytes: 0 }]);
  });
});
