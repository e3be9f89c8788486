/**
 * What can go wrong between a vendor and its client: each kind of fault as an answer that takes the place of the true
 * one, drawn from a seed.
 */

import { gzipSync } from 'node:zlib';
import {
  changed,
  closeFramed,
  cutBody,
  cutGzip,
  type Fault,
  hang,
  html200,
  redirect,
  reply,
  reset,
  type SandboxResponse,
} from '../server.ts';

export type Random = () => number;

export interface Kind {
  readonly name: string;
  /** Whether a client that tries again has to succeed; else it has to fail, or the answer is as good as the true one. */
  readonly transient: boolean;
  readonly make: (random: Random, now: () => number) => Fault;
}

const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Fault =>
  reply(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));

const html = (status: number, title: string): Fault =>
  reply(status, { 'content-type': 'text/html' }, `<html><head><title>${title}</title></head></html>`);

const whole = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));

/** Changes the bytes of a body that is long enough to be changed. */
const inBody = (change: (body: Buffer, random: Random) => Buffer) => (random: Random) =>
  changed((answer): SandboxResponse => {
    const body = Buffer.from(answer.body);
    return body.length < 2 ? answer : { ...answer, body: change(body, random) };
  });

const insertAt = (body: Buffer, at: number, bytes: readonly number[]): Buffer =>
  Buffer.concat([body.subarray(0, at), Buffer.from(bytes), body.subarray(at)]);

const bytesOf = (answer: SandboxResponse): number => Buffer.byteLength(answer.body);

/** The body's first bytes, in chunks that end without the last, empty one. */
const cutChunked =
  (random: Random): Fault =>
  (_req, res, answer) => {
    const { status, headers, body } = answer();
    const part = Buffer.from(body).subarray(0, Math.floor(random() * bytesOf({ status, headers, body })));
    res.writeHead(status, { ...headers, 'transfer-encoding': 'chunked' });
    res.flushHeaders();
    if (part.length === 0) res.destroy();
    else res.write(part, () => res.destroy());
  };

/** The true answer, in small pieces. */
const drip =
  (random: Random): Fault =>
  (_req, res, answer) => {
    const { status, headers, body } = answer();
    const bytes = Buffer.from(body);
    const size = Math.max(1, Math.ceil(bytes.length / whole(random, 2, 9)));
    res.writeHead(status, { ...headers, 'content-length': bytes.length });
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const next = (): void => {
      const piece = pieces.shift();
      if (piece === undefined) res.end();
      else res.write(piece, () => setImmediate(next));
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

const compressed =
  (change: (packed: Buffer) => Buffer): Fault =>
  (_req, res, answer) => {
    const { status, headers, body } = answer();
    const packed = change(gzipSync(body));
    res.writeHead(status, { ...headers, 'content-encoding': 'gzip', 'content-length': packed.length });
    res.end(packed);
  };

const httpDate = (time: number): string => new Date(time).toUTCString();

// biome-ignore format: a table
export const KINDS: readonly Kind[] = [
  // Statuses that documents name, and those that proxies add.
  { name: 'status 400', transient: false, make: () => json(400, { message: 'Bad request' }) },
  { name: 'status 401', transient: false, make: () => json(401, { message: 'Unauthorized' }) },
  { name: 'status 403', transient: false, make: () => json(403, { message: 'Forbidden' }) },
  { name: 'status 404', transient: false, make: () => json(404, { message: 'Not found' }) },
  { name: 'status 405', transient: false, make: () => json(405, { message: 'Method not allowed' }, { allow: 'GET' }) },
  { name: 'status 408', transient: true, make: () => reply(408) },
  { name: 'status 413', transient: false, make: () => html(413, 'Request entity too large') },
  { name: 'status 422', transient: false, make: () => json(422, { message: 'Unprocessable' }) },
  { name: 'status 425', transient: true, make: () => reply(425) },
  { name: 'status 429', transient: true, make: () => json(429, { message: 'Too many requests' }) },
  { name: '429, Retry-After in seconds', transient: true, make: (random) => json(429, {}, { 'retry-after': String(whole(random, 0, 60)) }) },
  { name: '429, Retry-After as a date', transient: true, make: (random, now) => json(429, {}, { 'retry-after': httpDate(now() + whole(random, -5, 60) * 1000) }) },
  { name: '429, Retry-After in a year', transient: false, make: () => json(429, {}, { 'retry-after': '31536000' }) },
  { name: '429, Retry-After that is none', transient: true, make: () => json(429, {}, { 'retry-after': 'soon' }) },
  { name: 'status 500', transient: true, make: () => json(500, { message: 'Internal error' }) },
  { name: '502 in HTML', transient: true, make: () => html(502, 'Bad gateway') },
  { name: '503, Retry-After', transient: true, make: (random) => reply(503, { 'retry-after': String(whole(random, 1, 30)) }) },
  { name: 'status 504', transient: true, make: () => html(504, 'Gateway time-out') },
  { name: 'status 520', transient: true, make: () => html(520, 'Unknown error') },
  { name: '200 with HTML', transient: false, make: () => html200() },
  { name: '200 with a JSON error', transient: false, make: () => json(200, { error: { message: 'Something went wrong' } }) },
  { name: '200 with an empty body', transient: false, make: () => changed((answer) => ({ ...answer, body: '' })) },
  { name: 'status 204', transient: false, make: () => reply(204) },
  { name: 'status 206', transient: false, make: () => changed((answer) => ({ ...answer, status: 206 })) },
  { name: 'redirect to another origin', transient: false, make: () => redirect('http://127.0.0.2:9/elsewhere') },
  { name: 'another content type', transient: false, make: () => changed((answer) => ({ ...answer, headers: { ...answer.headers, 'content-type': 'text/plain' } })) },
  // Connections.
  { name: 'reset before the headers', transient: true, make: () => reset() },
  { name: 'reset inside the headers', transient: true, make: () => cutHeaders() },
  { name: 'reset after the headers', transient: true, make: () => resetBeforeBody() },
  { name: 'stalled before the headers', transient: true, make: () => hang() },
  { name: 'slow drip', transient: true, make: (random) => drip(random) },
  // Framings.
  { name: 'cut under Content-Length', transient: true, make: (random) => (req, res, answer) => cutBody(Math.floor(random() * bytesOf(answer())))(req, res, answer) },
  { name: 'cut while chunked', transient: true, make: (random) => cutChunked(random) },
  { name: 'ended by the connection', transient: false, make: () => closeFramed() },
  { name: 'ended by the connection, cut', transient: false, make: (random) => (req, res, answer) => closeFramed(Math.floor(random() * bytesOf(answer())))(req, res, answer) },
  { name: 'gzip, whole', transient: true, make: () => compressed((packed) => packed) },
  { name: 'gzip, cut', transient: true, make: () => cutGzip() },
  { name: 'gzip, junk after its end', transient: true, make: () => compressed((packed) => Buffer.concat([packed, Buffer.from('junk')])) },
  { name: 'another encoding', transient: false, make: () => changed((answer) => ({ ...answer, headers: { ...answer.headers, 'content-encoding': 'br' } })) },
  // Bodies.
  { name: 'invalid UTF-8', transient: false, make: inBody((body, random) => insertAt(body, whole(random, 1, body.length - 1), [0xc3, 0x28])) },
  { name: 'NUL byte', transient: false, make: inBody((body, random) => insertAt(body, whole(random, 1, body.length - 1), [0])) },
  { name: 'last byte missing', transient: false, make: inBody((body) => body.subarray(0, body.length - 1)) },
  { name: 'unterminated quote', transient: false, make: inBody((body) => Buffer.concat([body, Buffer.from('"')])) },
  { name: 'junk behind', transient: false, make: inBody((body) => Buffer.concat([body, Buffer.from('}x')])) },
];
