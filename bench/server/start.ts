/** A server in a process of its own, seen from the benchmark. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { LogOptions } from '../events/write.ts';
import type { KeySum } from '../key-sum.ts';
import type { Conditions, Tally } from './conditions.ts';
import type { Order, Word } from './serve.ts';

export interface LogServer {
  readonly origin: string;
  readonly log: LogOptions;
  /** Of the events inside the window, as they go over the wire. */
  readonly keys: KeySum;
  readonly bytes: number;
  /** Takes effect with the next request, and starts the tally anew. */
  readonly impose: (conditions: Conditions) => Promise<void>;
  readonly tally: () => Promise<Tally>;
  readonly close: () => Promise<void>;
}

/** Makes a log at `path` and serves it. */
export async function startServer(path: string, log: LogOptions): Promise<LogServer> {
  const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), { execArgv: ['--max-old-space-size=8192'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The server of ${log.log} ended with exit code ${code}.`);
  });
  ended.catch(() => undefined);
  async function tell<Kind extends Order['kind']>(order: Order & { kind: Kind }): Promise<Word & { kind: Kind }> {
    child.send(order);
    const [word] = (await Promise.race([once(child, 'message'), ended])) as [Word & { kind: Kind }];
    return word;
  }
  const { origin, keys, bytes } = await tell({ kind: 'make', path, log });
  return {
    origin,
    log,
    keys,
    bytes,
    impose: async (conditions) => {
      await tell({ kind: 'impose', conditions });
    },
    tally: async () => (await tell({ kind: 'tally' })).tally,
    close: async () => {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
      await rm(path, { force: true });
    },
  };
}
