/** One kind of fault between a run and its destination, and the makings of such kinds. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { SandboxResponse } from '../../sandbox/server.ts';
import type { ErrorKind } from '../../src/base/errors.ts';

/** A request to a destination, and what a fault may do with it. */
export interface FaultContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Lets the server do what it was asked, and gives what it would have said. */
  readonly answer: () => Promise<SandboxResponse>;
  /** Somebody else commits to the branch. */
  readonly otherCommits: () => void;
  /** Milliseconds since 1970, as the run sees it. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

export interface DestinationRequest {
  readonly side: 'github' | 'results';
  readonly method: string;
  /** Path at GitHub; at the artifact service, the method, `Upload` or `Download`. */
  readonly path: string;
}

export interface DestinationKind {
  readonly name: string;
  /** Whether a run that tries again has to get over it. */
  readonly transient: boolean;
  /** Errors in which a run may end that met the fault, for good or too often. */
  readonly errors: readonly ErrorKind[];
  /** Whether the server may have acted, and the run cannot know. */
  readonly loses: boolean;
  /** For how many requests in a row it lasts; Infinity: until the run ends. */
  readonly times: number;
  readonly meets: (asked: DestinationRequest) => boolean;
  readonly inject: (context: FaultContext) => Promise<void> | void;
}

type Injection = DestinationKind['inject'];

/** Answers with exactly this. */
export const says =
  (status: number, headers: Readonly<Record<string, string>> = {}, body: string | Buffer = ''): Injection =>
  ({ res }) =>
    send(res, { status, headers, body });

/** Makes the fault anew for each request. */
export const by =
  (make: (context: FaultContext) => Injection): Injection =>
  (context) =>
    make(context)(context);

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Injection =>
  says(status, { 'content-type': 'application/json; charset=utf-8', ...headers }, JSON.stringify(body));

export const html = (status: number, title: string): Injection =>
  says(status, { 'content-type': 'text/html' }, `<!doctype html><html><head><title>${title}</title></head></html>`);

/** The true answer, changed. */
export const changed =
  (change: (answer: SandboxResponse) => SandboxResponse): Injection =>
  async ({ res, answer }) =>
    send(res, change(await answer()));

export const reset: Injection = ({ req }) => {
  req.socket.resetAndDestroy();
};

/** The server does what it was asked, and nobody hears of it. */
export const lost: Injection = async ({ req, answer }) => {
  await answer();
  req.socket.resetAndDestroy();
};

/** The server does what it was asked, and a gateway before it says that it did not. */
export const lostAs =
  (status: number): Injection =>
  async ({ res, answer }) => {
    await answer();
    send(res, { status, headers: { 'content-type': 'text/html' }, body: '<html><title>Server Error</title></html>' });
  };

export const hang: Injection = () => undefined;

/** The server does what it was asked, and never says so. */
export const hangAfter: Injection = async ({ answer }) => {
  await answer();
};

export const resetInHeaders: Injection = ({ req }) => {
  req.socket.end('HTTP/1.1 200 OK\r\ncontent-type: applica');
};

/** Sends some bytes of the body, under a length or in chunks that promise more. */
export const cut =
  (framing: 'length' | 'chunked' | 'headers only'): Injection =>
  async ({ res, answer, random }) => {
    const { status, headers, body } = await answer();
    const bytes = Buffer.from(body);
    const kept = framing === 'headers only' ? 0 : Math.floor(random() * bytes.length);
    const framed =
      framing === 'chunked' ? { 'transfer-encoding': 'chunked' } : { 'content-length': Math.max(1, bytes.length) };
    res.writeHead(status, { ...unframed(headers), ...framed });
    res.flushHeaders();
    if (kept === 0) setImmediate(() => res.socket?.resetAndDestroy());
    else res.write(bytes.subarray(0, kept), () => res.destroy());
  };

/** The body packed, as nobody asked for; `whole` or its first half. */
export const packed =
  (part: 'whole' | 'half'): Injection =>
  async ({ res, answer }) => {
    const { status, headers, body } = await answer();
    const zip = gzipSync(body);
    const sent = part === 'whole' ? zip : zip.subarray(0, Math.floor(zip.length / 2));
    send(res, { status, headers: { ...unframed(headers), 'content-encoding': 'gzip' }, body: sent });
  };

/** Sends the true answer in small parts. */
export const drip: Injection = async ({ res, answer }) => {
  const { status, headers, body } = await answer();
  const bytes = Buffer.from(body);
  const size = Math.max(1, Math.ceil(bytes.length / 5));
  res.writeHead(status, { ...unframed(headers), 'content-length': bytes.length });
  const next = (at: number): void => {
    if (at >= bytes.length) res.end();
    else res.write(bytes.subarray(at, at + size), () => setImmediate(next, at + size));
  };
  next(0);
};

/** The true answer, after something else has happened. */
export const after =
  (happens: (context: FaultContext) => void): Injection =>
  async (context) => {
    happens(context);
    send(context.res, await context.answer());
  };

export function send(res: ServerResponse, { status, headers, body }: SandboxResponse): void {
  const bytes = Buffer.from(body);
  res.writeHead(status, { ...unframed(headers), ...(status !== 204 && { 'content-length': bytes.length }) });
  res.end(bytes);
}

const unframed = (headers: SandboxResponse['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(?:content-length|transfer-encoding)$/i.test(name)));
