/** Events of a year, and when the vendor had stored them. */

import { type LedgerEvent, makeLedger, type VendorId } from '../../sandbox/ledger.ts';
import { type Dice, diceFrom } from './dice.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './nights.ts';

/** Everything that happened, oldest first. */
export interface Happened {
  readonly events: readonly LedgerEvent[];
  /** From when on the vendor tells of an event, in milliseconds since 1970. */
  readonly storedAt: ReadonlyMap<LedgerEvent, number>;
}

export interface YearOfEvents {
  readonly vendor: VendorId;
  readonly seed: number;
  readonly window: { readonly from: number; readonly to: number };
  /** Instants at which windows end: some things happen exactly then. */
  readonly edges: readonly number[];
  /** The longest time between an event and its being stored, in milliseconds. */
  readonly mostLateMs: number;
}

/** An aim for a whole year. */
const EVENTS = { least: 1500, most: 3000 };

/** When clocks change in Europe: 01:00 UTC on the last Sundays of March and October. */
export const CLOCK_CHANGES = [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)] as const;

export function makeYear({ vendor, seed, window, edges, mostLateMs }: YearOfEvents): Happened {
  const dice = diceFrom(seed, `events of ${vendor}`);
  const days = (window.to - window.from) / DAY_MS;
  const aim = Math.round((dice.whole(EVENTS.least, EVENTS.most) * days) / 365);
  const events: LedgerEvent[] = [];
  const add = (group: EventGroup) => {
    const made = makeLedger({ vendor, seed: dice.whole(0, 2 ** 31), outside: 0, ...group });
    for (const event of made) events.push(event, ...twinsOf(vendor, event, dice));
  };
  for (const at of CLOCK_CHANGES.filter((one) => one > window.from && one < window.to))
    add({ window: { from: at - HOUR_MS, to: at + HOUR_MS }, events: 20 });
  while (events.length < aim) add(cluster(dice, window, edges));
  const inYear = events.filter(({ time }) => time >= window.from && time < window.to);
  inYear.sort((a, b) => a.time - b.time);
  return {
    events: inYear,
    storedAt: new Map(inYear.map((event) => [event, Math.ceil(event.time) + lateness(dice, mostLateMs)])),
  };
}

interface EventGroup {
  readonly window: { readonly from: number; readonly to: number };
  readonly events: number;
  readonly burst?: number;
}

/** Draws a group of events. The ledger puts one on the first instant of the group's window, and one on the last. */
function cluster(dice: Dice, year: EventGroup['window'], edges: readonly number[]): EventGroup {
  const kind = dice.random();
  if (kind < 0.4) {
    const at = dice.pick(edges) - dice.pick([0, 0, 0, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS]);
    return { window: around(dice, at), events: dice.whole(2, 10) };
  }
  const midnight = year.from + dice.whole(0, Math.floor((year.to - year.from) / DAY_MS)) * DAY_MS;
  if (kind < 0.5) {
    return { window: around(dice, midnight - dice.pick([0, HOUR_MS, 2 * HOUR_MS])), events: dice.whole(2, 10) };
  }
  const from = Math.floor(midnight + dice.between(0, DAY_MS));
  if (kind < 0.55) {
    const events = dice.whole(10, 60);
    return { window: { from, to: from + dice.whole(2, 60) * 1000 }, events, burst: Math.floor(events / 2) };
  }
  return { window: { from, to: from + dice.whole(2000, 3 * HOUR_MS) }, events: dice.whole(1, 25) };
}

/** A window that begins at an instant or, more often, ends there. */
function around(dice: Dice, at: number): EventGroup['window'] {
  const lengthMs = dice.whole(2000, 2 * MINUTE_MS);
  return dice.chance(0.3) ? { from: at, to: at + lengthMs } : { from: at - lengthMs, to: at };
}

/** Now and then a copy of an event, of a vendor without ids: two events may be alike in everything. */
function twinsOf(vendor: VendorId, event: LedgerEvent, dice: Dice): LedgerEvent[] {
  if (vendor === 'infisical' || vendor === 'datafold') return [];
  return dice.chance(0.06) ? [{ ...event }] : [];
}

/** Most are stored within minutes, some only just before it is too late. */
function lateness(dice: Dice, most: number): number {
  const kind = dice.random();
  if (kind < 0.4) return dice.whole(0, Math.min(5 * MINUTE_MS, most));
  if (kind < 0.6) return dice.whole(0, Math.min(15 * MINUTE_MS, most));
  return kind < 0.9 ? dice.whole(0, most) : most - dice.whole(0, Math.min(5 * MINUTE_MS, most));
}
