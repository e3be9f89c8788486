/** `npm run trial -- mutation`: changes `src` in one small way at a time, and counts how many of these mutants the tests notice. */

import { readdirSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { runCommand } from '../../sandbox/command.ts';

const USAGE = `npm run trial -- mutation [options]
  --mutate <paths>   only these files, folders or lines of src, separated by commas: src/csv/,src/time/window.ts:40-60
  --tests <names>    only these files of __tests__/unit, without .test.ts: csv/parser; a lower bound, known sooner
  --incremental      run again only what has changed since the last time; does not notice changes elsewhere in src`;

/** A room of `src`, whose tests lie in the folder of that name in `__tests__/unit`. */
interface Room {
  readonly name: string;
  /** Patterns of the files of `__tests__/unit` that every mutant of the room has to get past, without `.test.ts`. */
  readonly tests: readonly string[];
}

const ROOMS: readonly Room[] = readdirSync('src', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ name, tests: [`${name}/**/*`] }));

interface Options {
  /** `src/csv/`, `src/time/window.ts:40-60`; null: all rooms. */
  readonly mutate: readonly string[] | null;
  /** In place of the rooms' own; null: those. */
  readonly tests: readonly string[] | null;
  readonly incremental: boolean;
}

/** What became of a room's mutants. Stryker leaves those that do not even load out of its score. */
interface Tally {
  readonly name: string;
  readonly mutants: number;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  /** Mutants in code that no test of the room reaches. */
  readonly unreached: number;
  readonly invalid: number;
  readonly seconds: number;
}

const REPORTS = 'reports/mutation';

/** Runs all rooms that are asked for. Gives whether each of them reaches the threshold. */
async function mutation({ mutate, tests, incremental }: Options): Promise<boolean> {
  await mkdir(REPORTS, { recursive: true });
  const threshold: number = JSON.parse(await readFile('stryker.config.json', 'utf8')).thresholds.break;
  const tallies: Tally[] = [];
  for (const room of ROOMS) {
    const paths = (mutate ?? ['src/']).flatMap((path) => pathsIn(room, path));
    const patterns = paths.map((path) => (path.endsWith('/') ? `${path}**/*.ts` : path));
    if (patterns.length === 0) continue;
    console.log(`\n${room.name}: ${patterns.join(', ')}`);
    tallies.push(await tallyOf(tests === null ? room : { ...room, tests }, patterns, incremental));
  }
  for (const tally of tallies) console.log(lineOf(tally));
  if (tallies.length > 1) console.log(lineOf(sumOf(tallies)));
  const below = tallies.filter((tally) => !(scoreOf(tally) >= threshold));
  for (const { name } of below) console.log(`${name}: less than ${threshold} % of the mutants are noticed.`);
  return below.length === 0;
}

async function tallyOf(room: Room, mutate: readonly string[], incremental: boolean): Promise<Tally> {
  const began = performance.now();
  const report = `${REPORTS}/${room.name}`;
  const stryker = new Stryker({
    mutate: [...mutate],
    jest: {
      config: {
        testEnvironment: './trials/mutation/environment.js',
        setupFiles: ['<rootDir>/trials/mutation/setup.ts'],
        testMatch: room.tests.map((name) => `<rootDir>/__tests__/unit/${name}.test.ts`),
      },
    },
    jsonReporter: { fileName: `${report}.json` },
    htmlReporter: { fileName: `${report}.html` },
    incremental,
    incrementalFile: `${report}.incremental.json`,
  });
  const statuses = (await stryker.runMutationTest()).map(({ status }) => status);
  const count = (...of: string[]) => statuses.filter((status) => of.includes(status)).length;
  return {
    name: room.name,
    mutants: statuses.length,
    killed: count('Killed'),
    timeout: count('Timeout'),
    survived: count('Survived'),
    unreached: count('NoCoverage'),
    invalid: count('CompileError', 'RuntimeError', 'Ignored', 'Pending'),
    seconds: (performance.now() - began) / 1000,
  };
}

/** Returns what of a path lies in a room: the path itself, or all of the room where the path is a folder around it. */
function pathsIn({ name }: Room, path: string): string[] {
  const room = `src/${name}/`;
  if (path.startsWith(room)) return [path];
  return room.startsWith(path) && path.endsWith('/') ? [room] : [];
}

/** Percent of the mutants that were noticed, of those that could be. */
const scoreOf = ({ killed, timeout, survived, unreached }: Tally): number =>
  (100 * (killed + timeout)) / (killed + timeout + survived + unreached);

const COUNTS = ['mutants', 'killed', 'timeout', 'survived', 'unreached', 'invalid', 'seconds'] as const;

const lineOf = (tally: Tally): string =>
  [
    tally.name.padEnd(14),
    `${scoreOf(tally).toFixed(1)} %`,
    ...COUNTS.map((name) => `${name} ${tally[name].toFixed(0)}`),
  ].join('  ');

const sumOf = (tallies: readonly Tally[]): Tally =>
  ({
    name: 'all',
    ...Object.fromEntries(COUNTS.map((name) => [name, tallies.reduce((sum, tally) => sum + tally[name], 0)])),
  }) as Tally;

/** Throws an `Error` for people where an option is not understood. */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mutate: { type: 'string' },
      tests: { type: 'string' },
      incremental: { type: 'boolean', default: false },
    },
  });
  const mutate = values.mutate?.split(',') ?? null;
  const strange = mutate?.find((path) => !ROOMS.some((room) => pathsIn(room, path).length > 0));
  if (strange !== undefined)
    throw new Error(`--mutate ${strange}: in none of the rooms ${ROOMS.map(({ name }) => name).join(', ')}`);
  return { mutate, tests: values.tests?.split(',') ?? null, incremental: values.incremental };
}

await runCommand(USAGE, readOptions, mutation);
