/** One vendor's year: what happened, the nights that exported it, and whether all of it came out. */

import type { VendorId } from '../../sandbox/ledger.ts';
import { openCommits } from './commits.ts';
import type { OpenDelivery } from './delivery.ts';
import { CLOCK_CHANGES, makeYear } from './events.ts';
import { chainOf } from './exports.ts';
import { DAY_MS, MINUTE_MS, planNights } from './nights.ts';
import { judge } from './oracle.ts';
import type { RunOutcome } from './runs.ts';
import { settingOf } from './setting.ts';
import { openWorld } from './world.ts';

export interface YearOptions {
  readonly vendor: VendorId;
  readonly seed: number;
  /** Defaults to 365. */
  readonly days?: number;
  /** Defaults to commits. */
  readonly openDelivery?: OpenDelivery;
}

export interface YearVerdict {
  readonly vendor: VendorId;
  readonly seed: number;
  /** A command that runs this year again. */
  readonly again: string;
  readonly nights: number;
  readonly runs: number;
  readonly red: number;
  readonly exports: number;
  /** In the chain's exports. */
  readonly events: number;
  readonly late: number;
  readonly lostRaces: number;
  readonly requests: number;
  readonly seconds: number;
  /** Empty where the year was exported whole. */
  readonly differences: readonly string[];
}

/** Monday, 5 January 2026. */
const NEW_YEAR = Date.UTC(2026, 0, 5);
/** Runners' clocks differ; beyond this, the chain promises no more than `settle` and `overlap` say. */
const MARGIN_MS = 2 * MINUTE_MS;

export async function simulateYear(options: YearOptions): Promise<YearVerdict> {
  const { vendor, seed, days = 365, openDelivery = openCommits } = options;
  const began = performance.now();
  const setting = settingOf(vendor, seed);
  const start = startOf(seed, days);
  const rounds = planNights(seed, vendor, start, days);
  const happened = makeYear({
    vendor,
    seed,
    window: { from: start - 5 * DAY_MS, to: start + (days + 1) * DAY_MS },
    edges: rounds.map(({ at }) => Math.floor(at / 1000) * 1000 - setting.settleMs),
    mostLateMs: setting.settleMs + setting.overlapMs - MARGIN_MS,
  });
  const world = await openWorld({ seed, setting, happened, openDelivery });
  try {
    const outcomes: RunOutcome[] = [];
    for (const round of rounds) outcomes.push(...(await world.play(round)));
    const exports = await world.exports();
    const chain = chainOf(exports);
    return {
      vendor,
      seed,
      again: `npm run trial -- year --vendor ${vendor} --seed ${seed}${days === 365 ? '' : ` --days ${days}`}`,
      nights: days,
      runs: outcomes.length,
      red: outcomes.filter(({ error }) => error !== null).length,
      exports: chain.length,
      events: chain.reduce((sum, { rows }) => sum + rows.length, 0),
      late: chain.reduce((sum, { lateRows }) => sum + lateRows.length, 0),
      lostRaces: outcomes.reduce((sum, { lostRaces }) => sum + lostRaces, 0),
      requests: world.requests(),
      differences: [
        ...judge({
          subject: setting.subject,
          happened,
          outcomes,
          exports,
          inDays: 'max-window' in setting.inputs,
          lost: world.lost,
        }),
        ...world.flaws(exports),
      ],
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await world.close();
  }
}

/** A whole year begins in January, a part of one so that clocks change in its middle. */
function startOf(seed: number, days: number): number {
  const change = CLOCK_CHANGES[seed % 2 === 0 ? 0 : 1];
  return days > 300 ? NEW_YEAR : Math.floor(change / DAY_MS) * DAY_MS - Math.floor(days / 2) * DAY_MS;
}
