/** The server's process: makes a log, says where it is served, and serves it until it is told to end. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Refusal, readRequest } from '../../sandbox/server.ts';
import { type LogOptions, writeLog } from '../events/write.ts';
import type { KeySum } from '../key-sum.ts';
import type { LogId } from '../logs.ts';
import { aitronos } from './aitronos.ts';
import { codacy, codacyArray } from './codacy.ts';
import { type Conditions, FREE, type Tally, Turnstile } from './conditions.ts';
import { datafold } from './datafold.ts';
import { infisical } from './infisical.ts';
import { kosli } from './kosli.ts';
import type { Protocol } from './protocol.ts';
import { Store } from './store.ts';

/** What the process is told. */
export type Order =
  | { readonly kind: 'make'; readonly path: string; readonly log: LogOptions }
  | { readonly kind: 'impose'; readonly conditions: Conditions }
  | { readonly kind: 'tally' };

/** What it says, once for each order. */
export type Word =
  | { readonly kind: 'make'; readonly origin: string; readonly keys: KeySum; readonly bytes: number }
  | { readonly kind: 'impose' }
  | { readonly kind: 'tally'; readonly tally: Tally };

const PROTOCOLS: Readonly<Record<LogId, Protocol>> = {
  codacy,
  'codacy-array': codacyArray,
  infisical,
  datafold,
  kosli,
  aitronos,
};

let conditions = FREE;
let turnstile = new Turnstile(null);

async function obey(order: Order): Promise<Word> {
  switch (order.kind) {
    case 'make':
      return make(order.path, order.log);
    case 'impose':
      conditions = order.conditions;
      turnstile = new Turnstile(conditions.limit);
      return { kind: 'impose' };
    case 'tally':
      return { kind: 'tally', tally: turnstile.tally };
  }
}

async function make(path: string, options: LogOptions): Promise<Word> {
  const log = writeLog(path, options);
  const store = new Store(path, log);
  const protocol = PROTOCOLS[options.log];
  const server = createServer((req, res) => {
    answer(req, res, protocol, store).catch((error: unknown) => {
      if (!res.destroyed) res.destroy(error as Error);
    });
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { kind: 'make', origin: `http://127.0.0.1:${port}`, keys: log.keys, bytes: log.bytes };
}

async function answer(req: IncomingMessage, res: ServerResponse, protocol: Protocol, store: Store): Promise<void> {
  const body: Buffer[] = [];
  for await (const chunk of req) body.push(chunk as Buffer);
  const { headers, refused } = turnstile.pass(performance.now());
  const { latencyMs, skipMsPerThousand } = conditions;
  const refuse = async (status: number, message: string) => {
    if (latencyMs > 0) await delay(latencyMs);
    res.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify({ message }));
  };
  if (refused) return refuse(429, 'Rate limit exceeded');
  try {
    const { contentType, before, stretch, after, skipped } = await protocol(
      readRequest(req, Buffer.concat(body)),
      store,
    );
    const costMs = latencyMs + (skipMsPerThousand * skipped) / 1000;
    if (costMs > 0) await delay(costMs);
    const length = Buffer.byteLength(before) + store.bytesOf(stretch) + Buffer.byteLength(after);
    res.writeHead(200, { ...headers, 'content-type': contentType, 'content-length': length });
    res.write(before);
    await store.send(stretch, res);
    res.end(after);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    await refuse(error.status, error.message);
  }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (word) => process.send?.(word),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// Whoever started it has gone.
process.on('disconnect', () => process.exit());
