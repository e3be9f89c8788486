/** Base of all sandbox servers: a loopback listener that records, can be made to fail, and refuses what is not documented. */

import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Entry, EventQuery, Order } from './event-store.ts';
import type { LedgerEvent } from './ledger.ts';

export interface SandboxRequest {
  readonly method: string;
  /** Path as sent, still percent-encoded, without the query. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface SandboxResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export type Handler = (request: SandboxRequest) => SandboxResponse;

/** Answers one request in the vendor's place; `answer` gives what the vendor would have said. */
export type Fault = (req: IncomingMessage, res: ServerResponse, answer: () => SandboxResponse) => void;

export interface ServerOptions {
  /** Called for each request, `index` from 0; a returned fault answers it. */
  readonly intercept?: (request: SandboxRequest, index: number) => Fault | undefined;
  /** Changes a true answer before it is sent, or before a fault sees it. */
  readonly alter?: (answer: SandboxResponse, request: SandboxRequest, index: number) => SandboxResponse;
  /** Time of the `Date` headers, in milliseconds since 1970. Defaults to the machine's clock. */
  readonly clock?: () => number;
  /** Compresses every body, whether or not the client asked. */
  readonly gzip?: boolean;
  /** Sends bodies chunked, without a Content-Length. */
  readonly chunked?: boolean;
}

/** Options of every vendor's server. */
export interface VendorOptions extends ServerOptions {
  readonly events: readonly LedgerEvent[];
  readonly token: string;
  /** Whether an event is answered at the current request, so that events appear late, or vanish. Defaults to true for all. */
  readonly visible?: (event: LedgerEvent) => boolean;
  /** Orders events of the same instant differently at each request. */
  readonly tieShuffle?: number;
  /** Which rows a silent cap leaves. Defaults to the first ones in the order of the answer. */
  readonly capLeaves?: Order;
  /** Changes the entries of an answer, or of a page, before they are sent. */
  readonly arrange?: (entries: readonly Entry[], asked: EventQuery) => readonly Entry[];
}

export interface SandboxServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Every request that arrived whole, in order. */
  readonly requests: readonly SandboxRequest[];
  readonly close: () => Promise<void>;
}

export async function startServer(handler: Handler, options: ServerOptions = {}): Promise<SandboxServer> {
  const requests: SandboxRequest[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('error', () => undefined);
    res.on('error', () => undefined);
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const request = readRequest(req, Buffer.concat(chunks));
      const index = requests.push(request) - 1;
      const { alter, clock } = options;
      if (clock) res.setHeader('date', new Date(clock()).toUTCString());
      const answer = () => {
        const own = handle(handler, request);
        return alter ? alter(own, request, index) : own;
      };
      const fault = options.intercept?.(request, index);
      if (fault) fault(req, res, answer);
      else send(res, answer(), options);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A request that the vendor's document does not allow. Each vendor words it in its own error shape. */
export class Refusal extends Error {
  readonly status: number;
  /** The field at fault, such as `limit`; empty where none is. */
  readonly field: string;
  constructor(status: number, message: string, field = '') {
    super(message);
    this.status = status;
    this.field = field;
  }
}

/** Turns what a handler refuses into the vendor's error shape. */
export const refusing =
  (shape: (refusal: Refusal) => unknown, handler: Handler): Handler =>
  (request) => {
    try {
      return handler(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return json(error.status, shape(error), error.status === 405 ? { allow: error.field } : {});
    }
  };

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): SandboxResponse =>
  jsonText(status, JSON.stringify(body), headers);

export const jsonText = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): SandboxResponse => ({ status, headers: { 'content-type': 'application/json', ...headers }, body });

/** Path segments, decoded. Throws a 404 where they cannot be decoded. */
export function segmentsOf(request: SandboxRequest): string[] {
  try {
    return request.path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw new Refusal(404, 'Not found');
  }
}

/** Throws a 405 unless the method is the one documented. */
export function requireMethod(request: SandboxRequest, method: string): void {
  if (request.method !== method) throw new Refusal(405, 'Method not allowed', method);
}

/** Headers that any HTTP client sends of its own accord; `accept-language` and `sec-fetch-mode` are Node's `fetch`. */
const PLAIN_HEADERS = new Set(
  'host connection accept accept-encoding accept-language sec-fetch-mode user-agent content-length content-type transfer-encoding'.split(
    ' ',
  ),
);

/** Throws a 400 for a header that is neither common nor among those documented: a credential gone astray, a Range. */
export function requireHeaders(request: SandboxRequest, documented: readonly string[]): void {
  const stray = Object.keys(request.headers).find((name) => !PLAIN_HEADERS.has(name) && !documented.includes(name));
  if (stray !== undefined) throw new Refusal(400, `Unexpected header ${stray}`, stray);
}

/** Throws a 400 where a body came that no document mentions. */
export function requireNoBody(request: SandboxRequest): void {
  if (request.body !== '') throw new Refusal(400, 'Unexpected body', 'body');
}

/** The query by name. An unknown, repeated or empty parameter throws `status`. */
export function readQuery(request: SandboxRequest, names: readonly string[], status: number): Map<string, string> {
  const query = new Map<string, string>();
  for (const [name, value] of request.query) {
    if (!names.includes(name)) throw new Refusal(status, `Unknown parameter ${name}`, name);
    if (query.has(name)) throw new Refusal(status, `Repeated parameter ${name}`, name);
    if (value === '') throw new Refusal(status, `Empty parameter ${name}`, name);
    query.set(name, value);
  }
  return query;
}

/** A whole number from a query, within bounds; throws `status` otherwise. */
export function readInteger(
  query: ReadonlyMap<string, string>,
  name: string,
  { least, most, otherwise, status }: { least: number; most: number; otherwise: number; status: number },
): number {
  const text = query.get(name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Refusal(status, `${name} must be a whole number from ${least} to ${most}`, name);
  }
  return value;
}

const DATE_TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 as microseconds since 1970; undefined where it is none (30 February included). */
export function microsOf(text: string): number | undefined {
  const [, day, time, fraction = '', zone] = DATE_TIME.exec(text) ?? [];
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const whole = Date.parse(`${day}T${time}${zone}`);
  if (Number.isNaN(midnight) || Number.isNaN(whole)) return undefined;
  if (new Date(midnight).toISOString().slice(0, 10) !== day) return undefined;
  return whole * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** Answers with exactly this; a Content-Length is added unless the headers frame the body. */
export const reply =
  (status: number, headers: Readonly<Record<string, string>> = {}, body: string | Buffer = ''): Fault =>
  (_req, res) =>
    send(res, { status, headers, body }, {});

/** The vendor's answer, changed. */
export const changed =
  (change: (answer: SandboxResponse) => SandboxResponse): Fault =>
  (_req, res, answer) =>
    send(res, change(answer()), {});

/** The vendor's answer with its true Content-Length, cut off after some bytes of the body. */
export const cutBody =
  (bytes: number): Fault =>
  (_req, res, answer) => {
    const { status, headers, body } = answer();
    const whole = Buffer.from(body);
    res.writeHead(status, { ...headers, 'content-length': whole.length });
    res.flushHeaders();
    res.write(whole.subarray(0, bytes), () => res.destroy());
  };

/** The vendor's answer, gzipped and cut in half, in a framing that claims to be whole. */
export const cutGzip = (): Fault => (_req, res, answer) => {
  const { status, headers, body } = answer();
  const packed = gzipSync(body);
  const half = packed.subarray(0, Math.floor(packed.length / 2));
  send(res, { status, headers: { ...headers, 'content-encoding': 'gzip' }, body: half }, {});
};

/** The vendor's answer framed by the connection's end alone, all of it or its first bytes. */
export const closeFramed =
  (bytes?: number): Fault =>
  (req, _res, answer) => {
    const { status, headers, body } = answer();
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    req.socket.write(`HTTP/1.1 ${status} OK\r\n${lines.join('')}connection: close\r\n\r\n`);
    req.socket.end(Buffer.from(body).subarray(0, bytes));
  };

/** A login page, as gateways and single sign-on give it with status 200. */
export const html200 = (): Fault =>
  reply(
    200,
    { 'content-type': 'text/html; charset=utf-8' },
    '<!doctype html><title>Log in</title><p>Please log in.</p>',
  );

export const redirect = (target: string, status = 302): Fault => reply(status, { location: target });

/** Breaks the connection without an answer. */
export const reset = (): Fault => (req) => {
  req.socket.resetAndDestroy();
};

/** Never answers; `close()` ends it. */
export const hang = (): Fault => () => undefined;

export function readRequest(req: IncomingMessage, body: Buffer): SandboxRequest {
  const [path = '', query = ''] = (req.url ?? '').split(/\?(.*)/s);
  return {
    method: req.method ?? '',
    path,
    query: [...new URLSearchParams(query)],
    headers: req.headers,
    body: body.toString('utf8'),
  };
}

/** A bug of the sandbox is a 599 that shows its stack: no vendor answers that, and no test takes it for one. */
function handle(handler: Handler, request: SandboxRequest): SandboxResponse {
  try {
    return handler(request);
  } catch (error) {
    const body = error instanceof Error ? String(error.stack) : String(error);
    return { status: 599, headers: { 'content-type': 'text/plain' }, body };
  }
}

function send(res: ServerResponse, answer: SandboxResponse, { gzip, chunked }: ServerOptions): void {
  const headers: OutgoingHttpHeaders = { ...answer.headers };
  let body = Buffer.from(answer.body);
  if (gzip) {
    body = gzipSync(body);
    headers['content-encoding'] = 'gzip';
  }
  const framed = 'content-length' in headers || 'transfer-encoding' in headers;
  if (chunked) headers['transfer-encoding'] = 'chunked';
  else if (!framed) headers['content-length'] = body.length;
  res.writeHead(answer.status, headers);
  res.end(body);
}
