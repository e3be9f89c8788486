/** `npm run trial -- fuzz`: inputs of any shape for each room, and whether what is promised of them holds. */

import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { runCommand, wholeNumber } from '../../sandbox/command.ts';
import type { Failure, Round } from './run.ts';
import { TARGETS } from './targets.ts';
import type { Work } from './worker.ts';

const USAGE = `npm run trial -- fuzz [options]
  --minutes <n>     for all targets together; default: 10
  --seed <n>        of the first round of each target; default: another one each time
  --target <names>  some targets, with commas; default: all of
                    ${TARGETS.map(({ name }) => name).join(', ')}
  --path <path>     with one --target and the --seed of a failure: its input alone`;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly targets: readonly string[];
  readonly path: string | undefined;
}

/** A thread that has not begun another input for so long is stuck, in milliseconds. */
const STUCK_MS = 60_000;

interface Tally {
  rounds: number;
  runs: number;
  taken: number;
  readonly failures: Failure[];
}

async function fuzz({ minutes, seed, targets, path }: Options): Promise<boolean> {
  let sound = true;
  for (const name of targets) {
    const begun = performance.now();
    const tally: Tally = { rounds: 0, runs: 0, taken: 0, failures: [] };
    const ms = path === undefined ? (minutes * 60_000) / targets.length : null;
    await runTarget({ target: name, seed, path, ms, state: new Int32Array(new SharedArrayBuffer(8)) }, (round) => {
      tally.rounds += 1;
      tally.runs += round.runs;
      tally.taken += round.verdicts.taken;
      if (round.failure !== null) tally.failures.push(round.failure);
    });
    console.log(lineOf(name, seed, tally, (performance.now() - begun) / 1000));
    for (const failure of tally.failures) console.log(complaintOf(name, failure));
    if (tally.failures.length > 0) sound = false;
  }
  return sound;
}

/** Runs a target's rounds in a thread; a thread that dies or is stuck makes a failure, too. */
function runTarget(work: Work, onRound: (round: Round) => void): Promise<void> {
  return new Promise((done) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: work });
    const broken = (error: string): void => {
      const [seed = 0, tried = 1] = work.state;
      const failure = {
        seed,
        path: work.path ?? String(Math.max(0, tried - 1)),
        input: '(run it again to see it)',
        error,
      };
      onRound({ runs: tried, verdicts: { taken: 0, refused: 0 }, failure });
    };
    let seen = '';
    const watch = setInterval(() => {
      const now = work.state.join();
      if (now === seen) {
        broken(`It is stuck: no end after ${STUCK_MS / 1000} s.`);
        void worker.terminate();
      }
      seen = now;
    }, STUCK_MS);
    worker.on('message', onRound);
    worker.on('error', (error: Error) => broken(String(error.stack ?? error)));
    worker.on('exit', () => {
      clearInterval(watch);
      done();
    });
  });
}

function lineOf(name: string, seed: number, { rounds, runs, taken, failures }: Tally, seconds: number): string {
  const seeds = `seeds ${seed} to ${seed + rounds - 1}`;
  const counts = `${runs} inputs, ${taken} taken, ${runs - taken} refused, ${failures.length} wrong`;
  return `${name.padEnd(10)} ${counts}; ${seeds}; ${seconds.toFixed(0)} s`;
}

const complaintOf = (name: string, { seed, path, input, error }: Failure): string =>
  [
    `  ${error}`,
    `  Input: ${input}`,
    `  Again: npm run trial -- fuzz --target ${name} --seed ${seed} --path ${path}`,
  ].join('\n');

/** Throws an `Error` for people where an option is not understood. */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      target: { type: 'string' },
      path: { type: 'string' },
    },
  });
  const all = TARGETS.map(({ name }) => name);
  const targets = values.target?.split(',') ?? all;
  const strange = targets.find((name) => !all.includes(name));
  if (strange !== undefined) throw new Error(`--target ${strange}: not one of ${all.join(', ')}`);
  if (values.path !== undefined && targets.length !== 1) throw new Error('--path goes with one --target');
  if (!/^\d{1,5}(\.\d+)?$/.test(values.minutes)) throw new Error(`--minutes ${values.minutes}: not a number`);
  return { minutes: Number(values.minutes), seed: wholeNumber('seed', values.seed), targets, path: values.path };
}

await runCommand(USAGE, readOptions, fuzz);
