/** Runs rounds of one target on a thread of its own, so that one that never ends can be seen, and stopped. */

import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { playRound, type Round } from './run.ts';
import { TARGETS } from './targets.ts';

export interface Work {
  readonly target: string;
  readonly seed: number;
  readonly path: string | undefined;
  /** Rounds are begun for so long; null: one round. */
  readonly ms: number | null;
  /** The seed that is being run, and how many inputs of its round were begun; read while the thread may be stuck. */
  readonly state: Int32Array;
}

const { target: name, seed, path, ms, state } = workerData as Work;

const target = TARGETS.find((one) => one.name === name);
if (target === undefined) throw new Error(`No target ${name}`);
const checker = await target.open();
const begun = performance.now();
let round: Round | null = null;
for (let each = seed; round === null || (round.failure === null && performance.now() - begun < (ms ?? 0)); each++) {
  Atomics.store(state, 0, each);
  Atomics.store(state, 1, 0);
  round = await playRound(target, checker, {
    runs: target.runs,
    seed: each,
    path,
    onInput: (input) => {
      Atomics.add(state, 1, 1);
      // What is run again may be stuck, too: it is shown before.
      if (path !== undefined) console.log(fc.stringify(input).slice(0, 4_000));
    },
  });
  parentPort?.postMessage(round);
}
await checker.close();
