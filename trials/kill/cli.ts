/** `npm run trial -- kill`: runs of the built action that are killed or interrupted at every step; nothing false may be left, and the next run has to be exact. */

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from '../../sandbox/command.ts';
import { startResultsService } from '../../sandbox/results-service.ts';
import { type FullDiskVerdict, fillDisk, fullDiskPointsOf } from './full-disk.ts';
import { type Interrupted, interrupt } from './interrupt.ts';
import { type KillPoint, kill, killPointsOf, nameOf, runUndisturbed, type Verdict } from './kill.ts';
import { drawFullDiskPoints, drawInterruptPoints, drawKills, type ScenarioRun } from './plan.ts';
import { SCENARIO_KINDS, type ScenarioKind, scenarioOf } from './scenario.ts';
import type { Servers } from './world.ts';

const USAGE = `npm run trial -- kill [options]
  --kills <n>         runs that are killed, each at another step; default: 100
  --interrupts <n>    runs that get SIGINT or SIGTERM; default: 20
  --full <n>          runs whose disk is full from some change on; default: 20
  --seed <n>          of the scenarios and of what is drawn; default: 1
  --scenario <n>      one kind of scenario alone: ${SCENARIO_KINDS.map(({ destination, chained }, index) => `${index} ${destination}${chained ? ', last-export' : ''}`).join('; ')}
  --point <json>      with --scenario: this one kill in place of those that are drawn
  --bundle <file>     the script to run; default: dist/index.js`;

interface Options {
  readonly kills: number;
  readonly interrupts: number;
  readonly full: number;
  readonly seed: number;
  readonly kinds: readonly ScenarioKind[];
  readonly point: KillPoint | undefined;
  readonly bundle: string | undefined;
}

const UPLOADED_AGO_MS = 300_000;

/** Does the tasks with as many workers as there are cores, each with an artifact service of its own. */
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

async function run({ kills, interrupts, full, seed, kinds, point, bundle }: Options): Promise<boolean> {
  const began = performance.now();
  const now = Date.now();
  const scenarios = kinds.map((kind) => scenarioOf(kind, seed, now));
  const scenarioRuns = await inParallel(bundle, scenarios, async (scenario, servers): Promise<ScenarioRun> => {
    return { scenario, undisturbed: await runUndisturbed(scenario, servers) };
  });
  for (const { scenario, undisturbed } of scenarioRuns) {
    const { requests, changes, ms, flaws } = undisturbed;
    console.log(
      `${scenario.name}: ${requests.length} requests, ${changes.length} changes on the disk, ${ms.toFixed(0)} ms`,
    );
    for (const flaw of flaws) console.log(`  WRONG, undisturbed: ${flaw}`);
  }
  const points =
    point === undefined
      ? drawKills(scenarioRuns, seed, kills)
      : scenarioRuns.map(({ scenario }) => ({ scenario, point }));
  const killed = await inParallel(bundle, points, async ({ scenario, point }, servers) =>
    withReport(await kill(scenario, point, servers), kinds),
  );
  const interruptPoints = point === undefined ? drawInterruptPoints(scenarioRuns, seed, interrupts) : [];
  const signals = await inParallel(bundle, interruptPoints, async ({ scenario, point }, servers) => {
    const signal = point.at === 'request' && point.step % 2 === 0 ? 'SIGTERM' : 'SIGINT';
    return withReport(await interrupt(scenario, signal, point, servers), kinds);
  });
  const fullDisks = point === undefined ? drawFullDiskPoints(scenarioRuns, seed, full) : [];
  const filled = await inParallel(bundle, fullDisks, async ({ scenario, point }, servers) =>
    withReport(await fillDisk(scenario, point, servers), kinds),
  );
  printKills(killed, scenarioRuns);
  printFullDisks(filled, scenarioRuns);
  printInterrupts(signals);
  console.log(`${((performance.now() - began) / 1000).toFixed(0)} s, seed ${seed}`);
  return [...scenarioRuns.map(({ undisturbed }) => undisturbed), ...killed, ...filled, ...signals].every(
    ({ flaws }) => flaws.length === 0,
  );
}

/** Prints what is wrong with an outcome, and the command that shows it again. Returns the outcome. */
function withReport<Outcome extends Verdict | FullDiskVerdict | Interrupted>(
  outcome: Outcome,
  kinds: readonly ScenarioKind[],
): Outcome {
  const { scenario, flaws } = outcome;
  if (flaws.length === 0) return outcome;
  const how = howOf(outcome);
  console.log(`WRONG: ${scenario.name}, ${how}\n  ${flaws.join('\n  ').slice(0, 3000)}`);
  const number = SCENARIO_KINDS.findIndex(
    (kind) => kinds.includes(kind) && kind.destination === scenario.destination && kind.chained === scenario.chained,
  );
  if ('killPoint' in outcome)
    console.log(
      `  npm run trial -- kill --seed ${scenario.seed} --scenario ${number} --point '${JSON.stringify(outcome.killPoint)}'`,
    );
  return outcome;
}

function howOf(outcome: Verdict | FullDiskVerdict | Interrupted): string {
  if ('killPoint' in outcome) return nameOf(outcome.killPoint);
  if ('fullFrom' in outcome) return `a full disk from change ${outcome.fullFrom.step} on, ${outcome.fullFrom.what}`;
  return `${outcome.signal} at ${JSON.stringify(outcome.interruptPoint)}`;
}

function printKills(verdicts: readonly Verdict[], scenarioRuns: readonly ScenarioRun[]): void {
  const steps = scenarioRuns.reduce((sum, { undisturbed }) => sum + killPointsOf(undisturbed).length, 0);
  const at = (kind: KillPoint['at']) => verdicts.filter(({ killPoint }) => killPoint.at === kind).length;
  const late = verdicts.filter(({ killed }) => !killed).length;
  const wrong = verdicts.filter(({ flaws }) => flaws.length > 0).length;
  console.log(
    `${verdicts.length} kills: ${at('request')} at requests, ${at('disk')} at changes on the disk, ${at('time')} at some time; of ${steps} steps; ${late} came when the run had ended; ${wrong} wrong`,
  );
}

function printFullDisks(fullDisks: readonly FullDiskVerdict[], scenarioRuns: readonly ScenarioRun[]): void {
  if (fullDisks.length === 0) return;
  const steps = scenarioRuns.reduce((sum, { undisturbed }) => sum + fullDiskPointsOf(undisturbed).length, 0);
  const green = fullDisks.filter((one) => one.green).length;
  const wrong = fullDisks.filter(({ flaws }) => flaws.length > 0).length;
  console.log(
    `${fullDisks.length} full disks, from one of ${steps} changes on: ${fullDisks.length - green} red, ${green} green but for the summary; ${wrong} wrong`,
  );
}

function printInterrupts(signals: readonly Interrupted[]): void {
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
      scenario: { type: 'string' },
      point: { type: 'string' },
      bundle: { type: 'string' },
    },
  });
  if (values.point !== undefined && values.scenario === undefined) throw new Error('--point goes with --scenario');
  const kinds = SCENARIO_KINDS.filter((_, index) => values.scenario === undefined || values.scenario === String(index));
  if (kinds.length === 0) throw new Error(`--scenario ${values.scenario}: there is none of this number`);
  return {
    kills: wholeNumber('kills', values.kills),
    interrupts: wholeNumber('interrupts', values.interrupts),
    full: wholeNumber('full', values.full),
    seed: wholeNumber('seed', values.seed),
    kinds,
    point: values.point === undefined ? undefined : (JSON.parse(values.point) as KillPoint),
    bundle: values.bundle === undefined ? undefined : resolve(values.bundle),
  };
}

await runCommand(USAGE, readOptions, run);
