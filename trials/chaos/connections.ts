/** Faults on the way of a true answer: connections, framings, encodings. */

import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  changed,
  closeFramed,
  cutBody,
  cutGzip,
  type Fault,
  hang,
  reset,
  type SandboxResponse,
} from '../../sandbox/server.ts';
import { type FaultKind, type Random, whole } from './kind.ts';

const bytesOf = ({ body }: SandboxResponse): number => Buffer.byteLength(body);

/** The body's first bytes, in chunks that end without the last, empty one. */
const cutChunked =
  (random: Random): Fault =>
  (_req, res, answer) => {
    const { status, headers, body } = answer();
    const part = Buffer.from(body).subarray(0, Math.floor(random() * Buffer.byteLength(body)));
    res.writeHead(status, { ...headers, 'transfer-encoding': 'chunked' });
    res.flushHeaders();
    if (part.length === 0) res.destroy();
    else res.write(part, () => res.destroy());
  };

/** Sends the true answer in small parts. */
const drip =
  (random: Random): Fault =>
  (_req, res, answer) => {
    const { status, headers, body } = answer();
    const bytes = Buffer.from(body);
    const size = Math.max(1, Math.ceil(bytes.length / whole(random, 2, 9)));
    res.writeHead(status, { ...headers, 'content-length': bytes.length });
    const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const next = (): void => {
      const part = parts.shift();
      if (part === undefined) res.end();
      else res.write(part, () => setImmediate(next));
    };
    next();
  };

/** Half of the headers, and then nothing. */
const cutHeaders = (): Fault => (req) => {
  req.socket.end('HTTP/1.1 200 OK\r\ncontent-type: applica');
};

/** Headers that promise a body, and a connection that breaks before it. */
const resetBeforeBody = (): Fault => (_req, res, answer) => {
  const { status, headers, body } = answer();
  res.writeHead(status, { ...headers, 'content-length': Math.max(1, Buffer.byteLength(body)) });
  res.flushHeaders();
  setImmediate(() => res.socket?.resetAndDestroy());
};

/**
 * Ends the client's wait, again and again until the client has closed the connection: on a busy machine the client may
 * not wait yet, or may have closed the connection already.
 */
function runOut(socket: Socket, timeOut: () => void): void {
  if (socket.destroyed) return;
  setImmediate(timeOut);
  const again = setInterval(timeOut, 250);
  socket.once('close', () => clearInterval(again));
}

const stall =
  (timeOut: () => void): Fault =>
  (req, res, answer) => {
    hang()(req, res, answer);
    runOut(req.socket, timeOut);
  };

/** Sends some of the body, and then nothing more. */
const stallInside =
  (random: Random, timeOut: () => void): Fault =>
  ({ socket }, res, answer) => {
    const { status, headers, body } = answer();
    const bytes = Buffer.from(body);
    res.writeHead(status, { ...headers, 'content-length': bytes.length + 1 });
    res.write(bytes.subarray(0, Math.floor(random() * bytes.length)), () => runOut(socket, timeOut));
  };

const compressed =
  (change: (packed: Buffer) => Buffer, plain: (body: Buffer) => Buffer = (body) => body): Fault =>
  (_req, res, answer) => {
    const { status, headers, body } = answer();
    const packed = change(gzipSync(plain(Buffer.from(body))));
    res.writeHead(status, { ...headers, 'content-encoding': 'gzip', 'content-length': packed.length });
    res.end(packed);
  };

/** The true answer as raw bytes of HTTP; the body has its Content-Length. */
const raw =
  (statusLine: string, more: readonly string[] = []): Fault =>
  (req, _res, answer) => {
    const { status, headers, body } = answer();
    const bytes = Buffer.from(body);
    const lines = [
      statusLine.replace('{status}', String(status)),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ...more.map((line) => line.replace('{length}', String(bytes.length))),
    ];
    req.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    req.socket.end(bytes);
  };

/** In chunks, with a field behind the last one. */
const withTrailer = (): Fault => (_req, res, answer) => {
  const { status, headers, body } = answer();
  res.writeHead(status, { ...headers, 'transfer-encoding': 'chunked', trailer: 'x-checksum' });
  res.addTrailers({ 'x-checksum': 'none' });
  res.end(body);
};

/** Early hints, as some proxies send them before the answer. */
const earlyHints = (): Fault => (_req, res, answer) => {
  const { status, headers, body } = answer();
  res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' }, () => {
    res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    res.end(body);
  });
};

/** A body that claims to be longer than anything that is read. */
const terabyte = (): Fault => (_req, res, answer) => {
  const { status, headers, body } = answer();
  res.writeHead(status, { ...headers, 'content-length': 2 ** 40 });
  res.write(body);
};

/** A body in chunks that does not end before the client has had enough. */
const endless = (): Fault => (_req, res, answer) => {
  const { status, headers, body } = answer();
  res.writeHead(status, { ...headers, 'transfer-encoding': 'chunked' });
  const more = Buffer.alloc(2 ** 20, ' ');
  const next = (): void => {
    if (!res.writableEnded && !res.destroyed) res.write(more, next);
  };
  res.write(body, next);
};

/** Larger than any body that is read, once it is unpacked. */
const BOMB_BYTES = 501 * 2 ** 20;
let packedBomb: Buffer | undefined;

/** The true answer with so many spaces behind it that half a megabyte becomes half a gigabyte. */
const bomb = (): Fault =>
  compressed((packed) => {
    packedBomb ??= gzipSync(Buffer.alloc(BOMB_BYTES, ' '));
    // A gzip file may have several members.
    return Buffer.concat([packed, packedBomb]);
  });

const manyHeaders = (): Record<string, string> =>
  Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`x-padding-${index}`, 'x'.repeat(1000)]));

// biome-ignore format: a table
export const CONNECTIONS: readonly FaultKind[] = [
  { name: 'reset before the headers', transient: true, ends: ['unavailable'], make: () => reset() },
  { name: 'reset inside the headers', transient: true, ends: ['unavailable'], make: () => cutHeaders() },
  { name: 'reset after the headers', transient: true, ends: ['unavailable'], make: () => resetBeforeBody() },
  { name: 'stalled before the headers', transient: true, ends: ['unavailable'], make: (_, { timeOut }) => stall(timeOut) },
  { name: 'stalled inside the body', transient: true, ends: ['unavailable'], make: (random, { timeOut }) => stallInside(random, timeOut) },
  { name: 'slow drip', transient: true, ends: [], make: (random) => drip(random) },
  { name: 'early hints', transient: true, ends: [], make: () => earlyHints() },
  { name: 'HTTP 1.0', transient: true, ends: [], make: () => raw('HTTP/1.0 {status} OK', ['content-length: {length}']) },
  { name: 'connection closed behind it', transient: true, ends: [], make: () => raw('HTTP/1.1 {status} OK', ['content-length: {length}', 'connection: close']) },
  // Framings.
  { name: 'cut under Content-Length', transient: true, ends: ['unavailable'], make: (random) => (req, res, answer) => cutBody(Math.floor(random() * bytesOf(answer())))(req, res, answer) },
  { name: 'cut while chunked', transient: true, ends: ['unavailable'], make: (random) => cutChunked(random) },
  { name: 'chunked, with a trailer', transient: true, ends: [], make: () => withTrailer() },
  { name: 'ended by the connection', transient: false, ends: ['protocol'], make: () => closeFramed() },
  { name: 'ended by the connection, cut', transient: false, ends: ['protocol'], make: (random) => (req, res, answer) => closeFramed(Math.floor(random() * bytesOf(answer())))(req, res, answer) },
  { name: 'two Content-Lengths', transient: false, ends: ['protocol'], make: () => raw('HTTP/1.1 {status} OK', ['content-length: {length}', 'content-length: 1']) },
  { name: 'not HTTP', transient: false, ends: ['protocol'], make: () => raw('SSH-2.0-OpenSSH_9.6') },
  { name: 'headers without end', transient: false, ends: ['protocol'], make: () => changed((answer) => ({ ...answer, headers: { ...answer.headers, ...manyHeaders() } })) },
  { name: 'length of a terabyte', transient: false, ends: ['incomplete'], make: () => terabyte() },
  { name: 'body without end', transient: false, ends: ['incomplete'], costly: true, make: () => endless() },
  // Encodings.
  { name: 'gzip, whole', transient: true, ends: [], make: () => compressed((packed) => packed) },
  { name: 'gzip, cut', transient: true, ends: ['unavailable'], make: () => cutGzip() },
  { name: 'gzip, junk behind its end', transient: true, ends: ['unavailable'], make: () => compressed((packed) => Buffer.concat([packed, Buffer.from('junk')])) },
  { name: 'gzip bomb', transient: false, ends: ['incomplete'], costly: true, make: () => bomb() },
  { name: 'another encoding', transient: false, ends: ['protocol'], make: () => changed((answer) => ({ ...answer, headers: { ...answer.headers, 'content-encoding': 'br' } })) },
];
