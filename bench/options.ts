/** The command line of the benchmark. */

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LONG_ROUNDS, SCENARIOS, type Wanted } from './cases.ts';
import { LOGS, type LogId } from './logs.ts';
import { REPOSITORY } from './tools.ts';
import { WAYS } from './ways.ts';

export const USAGE = `npm run bench -- [options]
  --vendor <id>     one vendor, or one log: ${Object.keys(LOGS).join(', ')}; default: all
  --only <scenario> some of ${SCENARIOS.join(', ')}, with commas; default: all
  --ways <ids>      some of ${WAYS.join(', ')}, with commas; default: all
  --events <n>      one size in place of 10,000, 100,000 and 1,000,000
  --rounds <n>      how often each is run, ways that take long at most ${LONG_ROUNDS} times; default: 5
  --seed <n>        another seed makes events of another shape; default: 1
  --full            5,000,000 events too, and how time and memory grow
  --quick           few events, one round: whether all is complete, and nothing about time
  --bundle <file>   the program that is measured; default: dist/index.js
  --out <file>      where the report goes, with its chart beside it; default: docs/benchmarks.md where all was
                    measured, or all shapes, else nowhere`;

export interface Options extends Wanted {
  readonly seed: number;
  readonly bundle: string;
  /** null: no report is written. */
  readonly out: string | null;
}

/** Throws an `Error` for people where an option is not understood. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      vendor: { type: 'string' },
      only: { type: 'string' },
      ways: { type: 'string' },
      events: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      full: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      bundle: { type: 'string', default: join(REPOSITORY, 'dist/index.js') },
      out: { type: 'string' },
    },
  });
  const { vendor, only, full, quick } = values;
  const logs = (Object.keys(LOGS) as LogId[]).filter(
    (id) => vendor === undefined || id === vendor || LOGS[id].vendor === vendor,
  );
  if (logs.length === 0) throw new Error(`--vendor ${vendor}: not one of ${Object.keys(LOGS).join(', ')}`);
  const scenarios =
    listed('only', only, SCENARIOS) ?? SCENARIOS.filter((id) => !quick || (id !== 'start' && id !== 'profile'));
  const ways = listed('ways', values.ways, WAYS);
  if (full && quick) throw new Error('--full and --quick: choose one');
  const isWhole = (value: string | undefined) => value === undefined || value === 'shapes';
  const all = isWhole(only) && [vendor, ways, values.events].every((value) => value === undefined) && !quick;
  const out = values.out ?? (all ? join(REPOSITORY, 'docs/benchmarks.md') : null);
  return {
    logs,
    scenarios,
    ways: ways ?? WAYS,
    events: values.events === undefined ? null : wholeNumber('events', values.events, 10_000_000),
    rounds: wholeNumber('rounds', values.rounds, 100),
    seed: wholeNumber('seed', values.seed, 2 ** 31 - 1),
    full,
    quick,
    bundle: resolve(values.bundle),
    out: out === null ? null : resolve(out),
  };
}

/** What a list with commas names of what there is; undefined where it was not given. */
function listed<Id extends string>(option: string, text: string | undefined, ids: readonly Id[]): Id[] | undefined {
  const names = text?.split(',');
  const strange = names?.find((name) => !ids.some((id) => id === name));
  if (strange !== undefined) throw new Error(`--${option} ${strange}: not one of ${ids.join(', ')}`);
  return names && ids.filter((id) => names.includes(id));
}

function wholeNumber(name: string, text: string, most: number): number {
  if (/^[1-9]\d*$/.test(text) && Number(text) <= most) return Number(text);
  throw new Error(`--${name} ${text}: not a whole number from 1 to ${most}`);
}
