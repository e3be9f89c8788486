/** A vendor on loopback that answers with the bytes it is told, and an HTTP client that tries each call once. */

import { once } from 'node:events';
import net from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { Answer, Call } from '../../src/http/call.ts';
import { openHttpClient } from '../../src/http/client.ts';
import { RateLimiter } from '../../src/http/rate-limiter.ts';
import { systemClock } from '../../src/time/clock.ts';

/** The token, which the client must never show. */
export const TOKEN = 'sandbox-token-77aa';

/** How an answer ends: FIN, RST, or not at all. */
export type End = 'fin' | 'reset' | 'stall';

export type Way = 'send' | 'download';

/** Largest download in memory. */
const MEMORY_BYTES = 1024;

export interface RawAnswer {
  /** Written one after the other. */
  readonly pieces: readonly Buffer[];
  readonly end: End;
}

export interface Loopback {
  /**
   * Asks the vendor, who answers with these bytes; over a connection of its own. As a download, what arrives goes to the
   * disk from the first KiB on. Throws what the client throws.
   */
  readonly ask: (answer: RawAnswer, accept: Call['accept'], timeoutMs: number, way?: Way) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

export async function openLoopback(): Promise<Loopback> {
  const answers = new Map<string, RawAnswer>();
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.once('data', (request) => {
      const [, path = ''] = request.toString('latin1').split(' ');
      const answer = answers.get(path);
      answers.delete(path);
      if (answer !== undefined) void write(socket, answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  let asked = 0;
  return {
    async ask(answer, accept, timeoutMs, way = 'send') {
      asked += 1;
      const path = `/${asked}`;
      answers.set(path, answer);
      const client = openHttpClient({
        ...{ origin, vendor: 'Vendor', maxAttempts: 1, timeoutMs, proxyEnv: {}, clock: systemClock },
        rateLimiter: new RateLimiter(null, systemClock),
        memoryBytes: MEMORY_BYTES,
        authorize: async () => ({ authorization: `Bearer ${TOKEN}` }),
        renew: async () => false,
        signal: new AbortController().signal,
        onExchange: () => {},
        onRetry: () => {},
        redact: (text) => text,
      });
      try {
        if (way === 'send') return await client.send({ path, accept });
        const download = await client.download({ path, accept });
        const chunks: Buffer[] = [];
        for await (const chunk of download.chunks()) chunks.push(chunk);
        await download.release();
        return { status: 200, body: Buffer.concat(chunks), where: download.where };
      } finally {
        client.close();
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function write(socket: net.Socket, { pieces, end }: RawAnswer): Promise<void> {
  socket.setNoDelay(true);
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await turn();
    if (socket.destroyed) return;
    if (piece.length > 0) await new Promise((done) => socket.write(piece, done));
  }
  if (end === 'fin') socket.end();
  if (end === 'reset') socket.resetAndDestroy();
}
