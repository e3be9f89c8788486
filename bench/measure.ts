/** Runs the cases, each way in turn, round after round, and looks at every output. */

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Case, LONG_MS, LONG_ROUNDS, windowOf } from './cases.ts';
import { sumOf } from './check.ts';
import { LOGS } from './logs.ts';
import type { Usage } from './processes.ts';
import type { Result } from './results.ts';
import type { Tally } from './server/conditions.ts';
import { type LogServer, startServer } from './server/start.ts';
import { isOurs, type Ran, runWay, type WayId } from './ways.ts';

export interface MeasureOptions {
  readonly cases: readonly Case[];
  readonly seed: number;
  /** Milliseconds since 1970: by it the windows are chosen. */
  readonly now: number;
  /** Where logs and outputs are written and removed again. */
  readonly scratch: string;
  readonly bundle: string;
  readonly onRun: (each: Case, way: WayId, round: number, ran: Ran) => void;
}

/** A result that is not yet whole. */
interface Open {
  readonly usages: Usage[];
  readonly tallies: Tally[];
  failure: string | null;
}

/** Measures case by case; cases of the same events share a server, and so the same bytes. */
export async function measure(options: MeasureOptions): Promise<Result[]> {
  const groups = Map.groupBy(options.cases, ({ log, events, spread }) => [log, events, spread].join());
  const results: Result[] = [];
  for (const cases of groups.values()) {
    const [{ log, events, spread }] = cases as [Case];
    const window = windowOf(log, options.now);
    const path = join(options.scratch, `${log}.log`);
    const server = await startServer(path, { log, seed: options.seed, events, window, spread });
    try {
      const sums: Sums = new Map();
      for (const each of cases) results.push(...(await measureCase(each, server, sums, options)));
    } finally {
      await server.close();
    }
  }
  return results;
}

/** The SHA-256 of this action's output, by its columns: the same events give the same bytes, whatever the conditions. */
type Sums = Map<WayId, string>;

async function measureCase(each: Case, server: LogServer, sums: Sums, options: MeasureOptions): Promise<Result[]> {
  const open = new Map(each.ways.map((way): [WayId, Open] => [way, { usages: [], tallies: [], failure: null }]));
  for (let round = 1; round <= each.rounds; round += 1) {
    for (const [way, result] of open) {
      // What has failed once fails again, and may take minutes to do so.
      if (result.failure !== null) continue;
      if (round > LONG_ROUNDS && (result.usages[0]?.wallMs ?? 0) > LONG_MS) continue;
      const scratch = await mkdtemp(join(options.scratch, 'run-'));
      await server.impose(each.conditions);
      const ran = await runWay(way, { server, concurrency: each.concurrency, scratch, bundle: options.bundle });
      result.failure = ran.failure ?? (await incomplete(way, ran, server, sums));
      result.usages.push(ran.usage);
      result.tallies.push(await server.tally());
      await rm(scratch, { recursive: true, force: true });
      options.onRun(each, way, round, { ...ran, failure: result.failure });
    }
  }
  const { scenario, log, events, spread, conditions } = each;
  const about = { scenario, log, events, spread, conditions, wireBytes: server.bytes };
  return [...open].map(([way, result]) => ({ ...about, way, ...result }));
}

/** What an output lacks; null where it has every event of the log, once. */
async function incomplete(way: WayId, { csv, sha256 }: Ran, server: LogServer, sums: Sums): Promise<string | null> {
  if (way === 'network') return null;
  if (csv === null) return 'no output';
  const { keys } = server;
  const found = await sumOf(csv, LOGS[server.log.log].key);
  if (found.rows !== keys.rows) return `INCOMPLETE: ${found.rows} rows, not ${keys.rows}`;
  if (found.sum !== keys.sum) return 'INCOMPLETE: as many rows as events, but not the same';
  if (!isOurs(way)) return null;
  if (found.sha256 !== sha256) return 'WRONG: the output `sha256` is not that of the CSV';
  const before = sums.get(way) ?? found.sha256;
  sums.set(way, before);
  return before === found.sha256 ? null : 'WRONG: other bytes than in another run';
}
