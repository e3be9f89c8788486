/** Kills of one scenario: the points at which its runs can be killed, and the verdict on a run that was. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActionRun, RunningAction } from '../../sandbox/runner.ts';
import { MOMENTS, type Moment, Network } from './network.ts';
import type { Scenario } from './scenario.ts';
import { openWorld, type Servers, type World } from './world.ts';

/**
 * Point at which a run is killed: at a request, at a change on the disk, or so many milliseconds after its start. Steps count from
 * 1; 0 is the first one that is `what`, of changes a pattern.
 */
export type KillPoint =
  | { readonly at: 'request'; readonly step: number; readonly moment: Moment; readonly what: string }
  | { readonly at: 'disk'; readonly step: number; readonly moment: DiskMoment; readonly what: string }
  | { readonly at: 'time'; readonly ms: number };

type DiskMoment = (typeof DISK_MOMENTS)[number];
const DISK_MOMENTS = ['before', 'inside', 'after'] as const;

/** The steps of a run that nothing disturbs. */
export interface UndisturbedRun {
  readonly requests: readonly string[];
  readonly changes: readonly string[];
  readonly ms: number;
  readonly flaws: readonly string[];
}

export interface Verdict {
  readonly scenario: Scenario;
  readonly killPoint: KillPoint;
  /** Whether the run was killed, and had not ended before. */
  readonly killed: boolean;
  readonly flaws: readonly string[];
}

const PRELOAD = new URL('./disk.ts', import.meta.url).href;
/** The environment of a run whose changes on the disk are counted. */
export const preloaded = { NODE_OPTIONS: `--import ${PRELOAD}` };

/** Runs a scenario once, to its end, and lists its steps. */
export async function runUndisturbed(scenario: Scenario, servers: Servers): Promise<UndisturbedRun> {
  const world = await openWorld(scenario, servers);
  const folder = await mkdtemp(join(tmpdir(), 'undisturbed-'));
  try {
    const log = join(folder, 'disk.log');
    const network = new Network(null);
    const began = performance.now();
    const run = await ended(await world.start(1, network, { ...preloaded, DISK_LOG: log }));
    const ms = performance.now() - began;
    const flaws = [...(await world.flawsOfEnd(run, 1)), ...(await world.flaws(run.temp))];
    await run.remove();
    const changes = (await readFile(log, 'utf8')).trimEnd().split('\n');
    return { requests: network.steps, changes: changes.map((line) => shortened(line, run)), ms, flaws };
  } finally {
    await world.close();
    await rm(folder, { recursive: true });
  }
}

const shortened = (line: string, { workspace, temp }: ActionRun): string =>
  line.replace(workspace, '$WORKSPACE').replace(temp, '$TEMP');

/** Every step of a run, at every moment at which the run can be killed there. */
export function killPointsOf({ requests, changes }: UndisturbedRun): KillPoint[] {
  return [
    ...requests.flatMap((what, index) =>
      MOMENTS.map((moment): KillPoint => ({ at: 'request', step: index + 1, moment, what })),
    ),
    ...changes.flatMap((what, index) =>
      DISK_MOMENTS.map((moment): KillPoint => ({ at: 'disk', step: index + 1, moment, what })),
    ),
  ];
}

/** Kills a run, judges what it left, and runs the workflow again. */
export async function kill(scenario: Scenario, point: KillPoint, servers: Servers): Promise<Verdict> {
  const world = await openWorld(scenario, servers);
  try {
    const run = await killedRun(world, point);
    const killed = run.signal === 'SIGKILL';
    const left = await world.flaws(run.temp);
    await run.remove();
    const again = await ended(await world.start(2, new Network(null)));
    const flaws = [...left, ...(await world.flawsOfEnd(again, 2)), ...(await world.flaws(again.temp))];
    await again.remove();
    return { scenario, killPoint: point, killed, flaws };
  } finally {
    await world.close();
  }
}

async function killedRun(world: World, point: KillPoint): Promise<ActionRun> {
  let running: RunningAction | null = null;
  const end = () => running?.kill('SIGKILL');
  const interception =
    point.at === 'request' ? { at: point.step || point.what, moment: point.moment, action: end } : null;
  const env =
    point.at === 'disk' ? { ...preloaded, DISK_AT: String(point.step || point.what), DISK_HOW: point.moment } : {};
  running = await world.start(1, new Network(interception), env);
  const timer = point.at === 'time' ? setTimeout(end, point.ms) : undefined;
  const run = await ended(running);
  clearTimeout(timer);
  return run;
}

const ended = ({ done }: RunningAction): Promise<ActionRun> => done;

/** `disk 7 (rename …), after` */
export function nameOf(point: KillPoint): string {
  if (point.at === 'time') return `after ${point.ms} ms`;
  return `${point.at} ${point.step} (${point.what}), ${point.moment}`;
}
