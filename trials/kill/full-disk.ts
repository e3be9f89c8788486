/** Runs of one scenario whose disk is full from one change on. */

import { partialsBelow } from './found.ts';
import { preloaded, type UndisturbedRun } from './kill.ts';
import { Network } from './network.ts';
import type { Scenario } from './scenario.ts';
import { openWorld, type Servers } from './world.ts';

/** The first change that is refused, from 1. */
export interface FullDiskPoint {
  readonly step: number;
  readonly what: string;
}

export interface FullDiskVerdict {
  readonly scenario: Scenario;
  readonly fullFrom: FullDiskPoint;
  /** Whether the run ended green: it may where nothing but its summary was refused. */
  readonly green: boolean;
  readonly flaws: readonly string[];
}

/** Changes that take no room, which a full disk does not refuse. */
const REMOVES = /^(?:rename|unlink|rmdir|rmSync) /;

/** Every change of a run that needs room. */
export const fullDiskPointsOf = ({ changes }: UndisturbedRun): FullDiskPoint[] =>
  changes.map((what, index) => ({ step: index + 1, what })).filter(({ what }) => !REMOVES.test(what));

export async function fillDisk(scenario: Scenario, point: FullDiskPoint, servers: Servers): Promise<FullDiskVerdict> {
  const world = await openWorld(scenario, servers);
  try {
    const env = { ...preloaded, DISK_AT: String(point.step), DISK_HOW: 'full' };
    const run = await (await world.start(1, new Network(null), env)).done;
    const errors = run.annotations.filter(({ level }) => level === 'error');
    const [error] = errors;
    const lines = error?.message.split('\n') ?? [];
    const isClear = error?.title === 'The audit log was not exported' && lines.length === 3;
    const partials = [...(await partialsBelow(world.workspace)), ...(await partialsBelow(run.temp))];
    const flaws = [
      ...(await world.flaws(run.temp)),
      ...partials.map((path) => `left behind: ${path}`),
      ...(run.succeeded ? await world.flawsOfEnd(run, 1) : []),
      ...(run.succeeded && !run.log.includes('##[warning]') ? ['it ended green without a word'] : []),
      ...(run.succeeded || isClear ? [] : [`exit code ${run.exitCode}, and this error: ${run.log.slice(-1500)}`]),
      ...(run.succeeded || /ENOSPC|disk/.test(error?.message ?? '') ? [] : [`no word of the disk: ${error?.message}`]),
    ];
    await run.remove();
    const again = await (await world.start(2, new Network(null))).done;
    flaws.push(...(await world.flawsOfEnd(again, 2)));
    await again.remove();
    return { scenario, fullFrom: point, green: run.succeeded, flaws };
  } finally {
    await world.close();
  }
}
