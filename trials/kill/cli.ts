/** `npm run trial -- kill`: runs of the built action that are killed or interrupted at every step; nothing false may be left, and the next run has to be exact. */

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from '../../sandbox/command.ts';
import { startResultsService } from '../../sandbox/results-service.ts';
import { type Full, fill, fillsOf } from './full.ts';
import { type Interrupted, interrupt } from './interrupts.ts';
import { type Blow, blowsOf, courseOf, kill, nameOf, type Verdict } from './kills.ts';
import { drawCalls, drawFills, drawKills, type Staged } from './plan.ts';
import { SCENE_KINDS, type SceneKind, sceneOf } from './scene.ts';
import type { Servers } from './world.ts';

const USAGE = `npm run trial -- kill [options]
  --kills <n>         runs that are killed, each at another step; default: 100
  --interrupts <n>    runs that get SIGINT or SIGTERM; default: 20
  --full <n>          runs whose disk is full from some change on; default: 20
  --seed <n>          of the scenes and of what is drawn; default: 1
  --scene <n>         one kind of scene alone: ${SCENE_KINDS.map(({ destination, chained }, index) => `${index} ${destination}${chained ? ', last-export' : ''}`).join('; ')}
  --blow <json>       with --scene: this one kill in place of those that are drawn
  --bundle <file>     the script to run; default: dist/index.js`;

interface Options {
  readonly kills: number;
  readonly interrupts: number;
  readonly full: number;
  readonly seed: number;
  readonly kinds: readonly SceneKind[];
  readonly blow: Blow | undefined;
  readonly bundle: string | undefined;
}

const UPLOADED_AGO_MS = 300_000;

/** Workers, each with an artifact service of its own, and what they do one after the other. */
async function inParallel<Task, Result>(
  bundle: string | undefined,
  tasks: readonly Task[],
  work: (task: Task, servers: Servers) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = [...tasks];
  const worker = async () => {
    const servers: Servers = {
      results: await startResultsService({
        uploadsHere: true,
        intercept: (call) => heard(call),
        // What another run has just uploaded is waited for.
        now: () => Date.now() - UPLOADED_AGO_MS,
      }),
      bundle,
      network: null,
    };
    const heard = ({ method }: { method: string }) => servers.network?.fault(`results ${method}`);
    try {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) results.push(await work(task, servers));
    } finally {
      await servers.results?.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(tasks.length, availableParallelism()) }, worker));
  return results;
}

async function run({ kills, interrupts, full, seed, kinds, blow, bundle }: Options): Promise<boolean> {
  const began = performance.now();
  const now = Date.now();
  const scenes = kinds.map((kind) => sceneOf(kind, seed, now));
  const stages = await inParallel(bundle, scenes, async (scene, servers): Promise<Staged> => {
    return { scene, course: await courseOf(scene, servers) };
  });
  for (const { scene, course } of stages) {
    const { requests, changes, ms, flaws } = course;
    console.log(
      `${scene.name}: ${requests.length} requests, ${changes.length} changes on the disk, ${ms.toFixed(0)} ms`,
    );
    for (const flaw of flaws) console.log(`  WRONG, undisturbed: ${flaw}`);
  }
  const blows = blow === undefined ? drawKills(stages, seed, kills) : stages.map(({ scene }) => ({ scene, blow }));
  const killed = await inParallel(bundle, blows, async ({ scene, blow }, servers) =>
    told(await kill(scene, blow, servers), kinds),
  );
  const calls = blow === undefined ? drawCalls(stages, seed, interrupts) : [];
  const signals = await inParallel(bundle, calls, async ({ scene, call }, servers) => {
    const signal = call.at === 'request' && call.step % 2 === 0 ? 'SIGTERM' : 'SIGINT';
    return told(await interrupt(scene, signal, call, servers), kinds);
  });
  const fills = blow === undefined ? drawFills(stages, seed, full) : [];
  const filled = await inParallel(bundle, fills, async (one, servers) =>
    told(await fill(one.scene, one.filled, servers), kinds),
  );
  sayKills(killed, stages);
  sayFills(filled, stages);
  sayInterrupts(signals);
  console.log(`${((performance.now() - began) / 1000).toFixed(0)} s, seed ${seed}`);
  return [...stages.map(({ course }) => course), ...killed, ...filled, ...signals].every(
    ({ flaws }) => flaws.length === 0,
  );
}

/** Says what is wrong, and the command that shows it again. */
function told<Outcome extends Verdict | Full | Interrupted>(outcome: Outcome, kinds: readonly SceneKind[]): Outcome {
  const { scene, flaws } = outcome;
  if (flaws.length === 0) return outcome;
  const how = howOf(outcome);
  console.log(`WRONG: ${scene.name}, ${how}\n  ${flaws.join('\n  ').slice(0, 3000)}`);
  const number = SCENE_KINDS.findIndex(
    (kind) => kinds.includes(kind) && kind.destination === scene.destination && kind.chained === scene.chained,
  );
  if ('blow' in outcome)
    console.log(
      `  npm run trial -- kill --seed ${scene.seed} --scene ${number} --blow '${JSON.stringify(outcome.blow)}'`,
    );
  return outcome;
}

function howOf(outcome: Verdict | Full | Interrupted): string {
  if ('blow' in outcome) return nameOf(outcome.blow);
  if ('filled' in outcome) return `a full disk from change ${outcome.filled.step} on, ${outcome.filled.what}`;
  return `${outcome.signal} at ${JSON.stringify(outcome.call)}`;
}

function sayKills(verdicts: readonly Verdict[], stages: readonly Staged[]): void {
  const steps = stages.reduce((sum, { course }) => sum + blowsOf(course).length, 0);
  const at = (kind: Blow['at']) => verdicts.filter(({ blow }) => blow.at === kind).length;
  const late = verdicts.filter(({ killed }) => !killed).length;
  const wrong = verdicts.filter(({ flaws }) => flaws.length > 0).length;
  console.log(
    `${verdicts.length} kills: ${at('request')} at requests, ${at('disk')} at changes on the disk, ${at('time')} at some time; of ${steps} steps; ${late} came when the run had ended; ${wrong} wrong`,
  );
}

function sayFills(fills: readonly Full[], stages: readonly Staged[]): void {
  if (fills.length === 0) return;
  const steps = stages.reduce((sum, { course }) => sum + fillsOf(course).length, 0);
  const green = fills.filter((one) => one.green).length;
  const wrong = fills.filter(({ flaws }) => flaws.length > 0).length;
  console.log(
    `${fills.length} full disks, from one of ${steps} changes on: ${fills.length - green} red, ${green} green but for the summary; ${wrong} wrong`,
  );
}

function sayInterrupts(signals: readonly Interrupted[]): void {
  if (signals.length === 0) return;
  const times = signals
    .filter(({ end }) => end === 'cancelled')
    .map(({ ms }) => ms)
    .sort((a, b) => a - b);
  const count = (end: Interrupted['end']) => signals.filter((one) => one.end === end).length;
  const wrong = signals.filter(({ flaws }) => flaws.length > 0).length;
  console.log(
    `${signals.length} interrupts: ${count('cancelled')} cancelled, ${count('early')} before the program listened, ${count('done')} when all was delivered; ${wrong} wrong; from signal to end: median ${(times[times.length >> 1] ?? 0).toFixed(0)} ms, at most ${(times.at(-1) ?? 0).toFixed(0)} ms`,
  );
}

/** Throws an `Error` for people where an option is not understood. */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string', default: '100' },
      interrupts: { type: 'string', default: '20' },
      full: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      scene: { type: 'string' },
      blow: { type: 'string' },
      bundle: { type: 'string' },
    },
  });
  if (values.blow !== undefined && values.scene === undefined) throw new Error('--blow goes with --scene');
  const kinds = SCENE_KINDS.filter((_, index) => values.scene === undefined || values.scene === String(index));
  if (kinds.length === 0) throw new Error(`--scene ${values.scene}: there is none of this number`);
  return {
    kills: wholeNumber('kills', values.kills),
    interrupts: wholeNumber('interrupts', values.interrupts),
    full: wholeNumber('full', values.full),
    seed: wholeNumber('seed', values.seed),
    kinds,
    blow: values.blow === undefined ? undefined : (JSON.parse(values.blow) as Blow),
    bundle: values.bundle === undefined ? undefined : resolve(values.bundle),
  };
}

await runCommand(USAGE, readOptions, run);
