/** Kills of one scene: where its runs can be killed, and what comes of one that is. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActionRun, RunningAction } from '../../sandbox/runner.ts';
import type { Scene } from './scene.ts';
import { MOMENTS, type Moment, Network } from './strike.ts';
import { openWorld, type Servers, type World } from './world.ts';

/**
 * Where a run is killed: at a request, at a change on the disk, or so many milliseconds after its start. Steps count from
 * 1; 0 is the first one that is `what`, of changes a pattern.
 */
export type Blow =
  | { readonly at: 'request'; readonly step: number; readonly moment: Moment; readonly what: string }
  | { readonly at: 'disk'; readonly step: number; readonly moment: DiskMoment; readonly what: string }
  | { readonly at: 'time'; readonly ms: number };

type DiskMoment = (typeof DISK_MOMENTS)[number];
const DISK_MOMENTS = ['before', 'inside', 'after'] as const;

/** A run as it goes when nobody interferes. */
export interface Course {
  readonly requests: readonly string[];
  readonly changes: readonly string[];
  readonly ms: number;
  readonly flaws: readonly string[];
}

export interface Verdict {
  readonly scene: Scene;
  readonly blow: Blow;
  /** Whether the run was killed, and had not ended before. */
  readonly killed: boolean;
  /** Whether anything that is an export was there after the kill. */
  readonly flaws: readonly string[];
}

const PRELOAD = new URL('./disk.ts', import.meta.url).href;
/** The environment of a run whose changes on the disk are counted. */
export const preloaded = { NODE_OPTIONS: `--import ${PRELOAD}` };

/** Runs a scene once, to its end. */
export async function courseOf(scene: Scene, servers: Servers): Promise<Course> {
  const world = await openWorld(scene, servers);
  const folder = await mkdtemp(join(tmpdir(), 'course-'));
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

/** Every step of a course, with every moment at which it can be struck. */
export function blowsOf({ requests, changes }: Course): Blow[] {
  return [
    ...requests.flatMap((what, index) =>
      MOMENTS.map((moment): Blow => ({ at: 'request', step: index + 1, moment, what })),
    ),
    ...changes.flatMap((what, index) =>
      DISK_MOMENTS.map((moment): Blow => ({ at: 'disk', step: index + 1, moment, what })),
    ),
  ];
}

/** Kills a run, looks at what is there, and runs it again. */
export async function kill(scene: Scene, blow: Blow, servers: Servers): Promise<Verdict> {
  const world = await openWorld(scene, servers);
  try {
    const run = await struck(world, blow);
    const killed = run.signal === 'SIGKILL';
    const left = await world.flaws(run.temp);
    await run.remove();
    const again = await ended(await world.start(2, new Network(null)));
    const flaws = [...left, ...(await world.flawsOfEnd(again, 2)), ...(await world.flaws(again.temp))];
    await again.remove();
    return { scene, blow, killed, flaws };
  } finally {
    await world.close();
  }
}

async function struck(world: World, blow: Blow): Promise<ActionRun> {
  let running: RunningAction | null = null;
  const hit = () => running?.kill('SIGKILL');
  const strike = blow.at === 'request' ? { at: blow.step || blow.what, moment: blow.moment, hit } : null;
  const env =
    blow.at === 'disk' ? { ...preloaded, DISK_AT: String(blow.step || blow.what), DISK_HOW: blow.moment } : {};
  running = await world.start(1, new Network(strike), env);
  const timer = blow.at === 'time' ? setTimeout(hit, blow.ms) : undefined;
  const run = await ended(running);
  clearTimeout(timer);
  return run;
}

const ended = ({ done }: RunningAction): Promise<ActionRun> => done;

/** `disk 7 (rename …), after` */
export function nameOf(blow: Blow): string {
  if (blow.at === 'time') return `after ${blow.ms} ms`;
  return `${blow.at} ${blow.step} (${blow.what}), ${blow.moment}`;
}
