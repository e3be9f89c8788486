import { readdir, readlink } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { afterEach } from '@jest/globals';
import type { ExportError } from '../../../src/base/errors.ts';
import type { Exchange } from '../../../src/http/call.ts';
import { type HttpClient, type HttpClientOptions, openHttpClient } from '../../../src/http/client.ts';
import { RateLimiter } from '../../../src/http/rate-limiter.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Listens on loopback until the test ends, and returns the port. */
export async function listen(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((done) => server.close(done));
  });
  return (server.address() as AddressInfo).port;
}

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Scripted {
  readonly status?: number;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** Starts a vendor that gives its answers in turn, then the last one again. Each is JSON with a Content-Length. */
export async function vendorOf(...answers: Scripted[]): Promise<{ origin: string; seen: Seen[]; server: http.Server }> {
  const seen: Seen[] = [];
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method = '', url = '', headers } = request;
    const answer = answers[Math.min(seen.length, answers.length - 1)] ?? {};
    seen.push({ method, url, headers, body: text });
    const bytes = Buffer.from(answer.body ?? '{}');
    const basis = {
      'content-type': 'application/json',
      ...(!answer.headers?.['transfer-encoding'] && { 'content-length': bytes.length }),
    };
    response.writeHead(answer.status ?? 200, { ...basis, ...answer.headers }).end(bytes);
  });
  return { origin: `http://127.0.0.1:${await listen(server)}`, seen, server };
}

/** Starts a vendor that writes some bytes to each connection that has sent a request, and ends it. */
export async function rawVendor(reply: (count: number) => Buffer | string): Promise<{ origin: string }> {
  let count = 0;
  const server = net.createServer((socket) => socket.once('data', () => socket.end(reply(count++))));
  return { origin: `http://127.0.0.1:${await listen(server)}` };
}

export interface Opened extends HttpClient {
  readonly waits: number[];
  readonly reasons: string[];
  readonly exchanges: Exchange[];
}

/** 2026-11-21T12:00:00Z */
export const NOON = Date.UTC(2026, 10, 21, 12);

/** Opens a client whose waits are recorded and take no time. */
export function clientTo(origin: string, more: Partial<HttpClientOptions> = {}): Opened {
  const waits: number[] = [];
  const reasons: string[] = [];
  const exchanges: Exchange[] = [];
  let now = NOON;
  const clock = more.clock ?? {
    now: () => now,
    random: () => 0.5,
    sleep: async (ms: number) => {
      waits.push(ms);
      now += ms;
    },
  };
  const client = openHttpClient({
    origin,
    vendor: 'Kosli',
    authorize: async () => ({ authorization: 'Bearer s3cr3t-token' }),
    renew: async () => false,
    maxAttempts: 3,
    timeoutMs: 5_000,
    signal: new AbortController().signal,
    proxyEnv: {},
    redact: (text) => text.replaceAll('s3cr3t-token', '***'),
    rateLimiter: new RateLimiter(null, clock),
    clock,
    onExchange: (exchange) => exchanges.push(exchange),
    onRetry: ({ reason }) => reasons.push(reason),
    ...more,
  });
  closers.unshift(client.close);
  return { ...client, waits, reasons, exchanges };
}

/** Number of files in a folder that this process has open, with or without a name. */
export async function filesOpenIn(folder: string): Promise<number> {
  const open = await readdir('/proc/self/fd');
  const paths = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(`${folder}/`)).length;
}

/** Returns the error of a promise; fails if it is not rejected. */
export function rejection(promise: Promise<unknown>): Promise<ExportError> {
  return promise.then(
    () => Promise.reject(new Error('was not rejected')),
    (error: ExportError) => error,
  );
}
