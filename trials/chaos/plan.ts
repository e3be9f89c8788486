/** Plan of a seed: a ledger, a setting, and the faults that are met. */

import { makeLedger, randomFrom, type VendorId } from '../../sandbox/ledger.ts';
import { type Dice, diceFrom } from '../year/dice.ts';
import { DAY_MS } from '../year/nights.ts';
import { settingOf } from '../year/setting.ts';
import type { Scenario } from './kind.ts';
import { FAULTS, WORLDS } from './kinds.ts';
import { capOf } from './rows.ts';

/** "Now" in every run. */
export const NOW = Date.UTC(2026, 10, 21, 12);

/** A fault in place of the answer to a request, counted from 0; or a world, which may begin there. */
export interface Planned {
  readonly at: number;
  readonly kind: string;
  readonly seed: number;
}

export interface Plan {
  readonly scenario: Omit<Scenario, 'request'>;
  readonly schedule: readonly Planned[];
  readonly concurrency: number;
  readonly dice: Dice;
}

/**
 * How many requests a run may have in flight. Where it is more than one, faults meet them in whatever order they come,
 * so that the same seed may go another way.
 */
export function concurrencyOf(seed: number): number {
  const dice = diceFrom(seed, 'concurrency');
  return dice.chance(3 / 4) ? 1 : dice.whole(2, 8);
}

export function planOf(vendor: VendorId, seed: number): Plan {
  const dice = diceFrom(seed, `chaos of ${vendor}`);
  const setting = settingOf(vendor, seed);
  const days = dice.whole(1, 3);
  const window = { from: NOW - (days + 1) * DAY_MS, to: NOW - DAY_MS };
  const crowded = dice.chance(1 / 3);
  const size = dice.pick([0, 3, 15, 40, 40, 120, 400, 1100]);
  const make = (events: number) =>
    makeLedger({ vendor, seed, events, window, burst: crowded ? Math.floor(events / 4) : 0 });
  const scenario = { vendor, setting, window, crowded, events: make(size) };
  const schedule = draw(scenario, dice, days);
  const concurrency = concurrencyOf(seed);
  const capped = schedule.find(({ kind }) => /^(row cap|pages shorter)/.test(kind));
  if (capped === undefined) return { scenario: scenario, schedule, concurrency, dice };
  // Else few caps would ever be reached.
  const cap = capOf(scenario, randomFrom(capped.seed));
  const events = Math.floor(Math.min(cap, dice.chance(0.02) ? cap : 1200) * dice.pick([0.9, 1.5, 3, 4]));
  return { scenario: { ...scenario, events: make(events) }, schedule, concurrency, dice };
}

/** Up to six faults of answers, often next to each other, in the first requests of a run; and up to two worlds. */
function draw(scenario: Omit<Scenario, 'request'>, dice: Dice, days: number): Planned[] {
  const mood = dice.pick(['passing', 'passing', 'worlds', 'worlds', 'any']);
  const oneOf = <Kind extends { name: string; costly?: boolean }>(kinds: readonly Kind[]): Kind => {
    const drawn = dice.pick(kinds);
    return drawn.costly && !dice.chance(0.01) ? oneOf(kinds) : drawn;
  };
  const faults = FAULTS.filter(
    ({ transient, vendors }) => (transient || mood === 'any') && (vendors?.includes(scenario.vendor) ?? true),
  );
  const planned = new Map<number | string, Planned>();
  let at = dice.whole(0, 4 * days);
  for (let count = dice.pick(mood === 'worlds' ? [0, 0, 1, 2] : [0, 1, 1, 2, 3, 4, 6]); count > 0; count--) {
    planned.set(at, { at, kind: oneOf(faults).name, seed: dice.whole(0, 2 ** 31) });
    at += dice.chance(0.5) ? 1 : dice.whole(1, 4);
  }
  const worlds = WORLDS.filter(
    ({ fits, ends }) => (ends.length === 0 || mood !== 'passing') && fits({ ...scenario, request: () => 0 }),
  );
  for (let count = dice.pick(mood === 'worlds' ? [1, 1, 2] : [0, 0, 1]); count > 0; count--) {
    const { name, group } = oneOf(worlds);
    planned.set(group, { at: dice.whole(0, 3 * days), kind: name, seed: dice.whole(0, 2 ** 31) });
  }
  return [...planned.values()];
}
