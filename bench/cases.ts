/** What is measured: which ways, of which log, under which conditions. */

import type { Spread } from './events/instants.ts';
import { LOGS, type LogId } from './logs.ts';
import { type Conditions, FREE } from './server/conditions.ts';
import { WAYS, type WayId } from './ways.ts';

/**
 * `throughput`: nothing but bytes. `latency`: each response takes its time. `limit`: so many requests a minute. `growth`:
 * from 500 k to 5 M. `start`: to the first line of the log. `profile`: what the time goes to. `shapes`: however the JSON
 * looks.
 */
export const SCENARIOS = ['throughput', 'latency', 'limit', 'growth', 'start', 'profile', 'shapes'] as const;

export type Scenario = (typeof SCENARIOS)[number];

/** Requests at a time, where nothing is waited for. */
export const CONCURRENCY = 4;

/** Runs in turn on the same bytes. */
export interface Case {
  readonly scenario: Exclude<Scenario, 'start' | 'profile' | 'shapes'>;
  readonly log: LogId;
  readonly events: number;
  readonly spread: Spread;
  readonly conditions: Conditions;
  readonly concurrency: number;
  readonly ways: readonly WayId[];
  readonly rounds: number;
}

export interface Wanted {
  readonly logs: readonly LogId[];
  readonly scenarios: readonly Scenario[];
  readonly ways: readonly WayId[];
  /** In place of the usual sizes; null: those. */
  readonly events: number | null;
  readonly rounds: number;
  readonly quick: boolean;
  readonly full: boolean;
}

/** A way whose first round takes longer than this differs less from round to round, and has fewer of them. */
export const LONG_MS = 20_000;
export const LONG_ROUNDS = 3;
export const MILLION = 1_000_000;
export const PAGE_ROWS = 1000;
/** The ways whose pages the vendors send one after the other, so that latency counts. */
const PAGED: readonly LogId[] = ['codacy', 'infisical'];

/** Enough for a second page, and for Aitronos to reach its cap. */
const quickEvents = (log: LogId): number => (log === 'aitronos' ? 12_000 : 1500);

/**
 * A round count of events is what a row cap looks like, and whoever looks for caps asks for it twice; in the field it
 * is rare. So there is one event more.
 */
const odd = (events: number): number => events + 1;

export function casesOf(wanted: Wanted): Case[] {
  const { scenarios, ways, quick } = wanted;
  const makers = { throughput, latency, limit, growth };
  return Object.entries(makers)
    .filter(([scenario]) => scenarios.includes(scenario as Scenario))
    .flatMap(([, make]) => make(wanted))
    .map((each) => ({
      ...each,
      ways: each.ways.filter((way) => ways.includes(way)),
      rounds: quick ? 1 : each.rounds,
    }))
    .filter((each) => each.ways.length > 0);
}

function throughput({ logs, events, rounds, quick }: Wanted): Case[] {
  const sizesOf = (log: LogId) => {
    if (events !== null) return [events];
    return quick ? [quickEvents(log)] : [10_000, 100_000, MILLION];
  };
  return logs.flatMap((log) =>
    sizesOf(log).map((size) => ({
      ...{ scenario: 'throughput' as const, log, events: odd(size), spread: 'even' as const, conditions: FREE },
      ...{ concurrency: CONCURRENCY, ways: WAYS, rounds },
    })),
  );
}

/** Others walk page by page, which takes long enough at a tenth of the size. */
function latency({ logs, events, rounds, quick }: Wanted): Case[] {
  const slow = { ...FREE, latencyMs: quick ? 2 : 100 };
  const deep = { ...slow, skipMsPerThousand: 1 };
  const base = { scenario: 'latency' as const, concurrency: 8, rounds };
  const all: readonly WayId[] = ['shell', 'streams', 'native'];
  const ours: readonly WayId[] = ['native'];
  return logs
    .filter((log) => PAGED.includes(log))
    .flatMap((log): Case[] => {
      const size = events ?? (quick ? quickEvents(log) : MILLION);
      const [tenth, whole] = [odd(Math.ceil(size / 10)), odd(size)];
      const others: Case[] = [slow, deep].map((conditions) => {
        return { ...base, log, events: tenth, spread: 'even', conditions, ways: all };
      });
      return [
        ...(quick ? [] : others),
        { ...base, log, events: whole, spread: 'even', conditions: slow, ways: ours },
        { ...base, log, events: whole, spread: 'even', conditions: deep, ways: ours },
        { ...base, log, events: whole, spread: 'late', conditions: slow, ways: ours },
      ];
    });
}

/** Waiting is what is measured, and one round waits as the next one does. */
function limit({ logs, events, quick }: Wanted): Case[] {
  const size = events ?? (quick ? quickEvents('infisical') : 500_000);
  const allowed = quick ? { requests: 20, windowMs: 1000 } : { requests: 200, windowMs: 60_000 };
  return logs
    .filter((log) => log === 'infisical')
    .map((log) => ({
      ...{ scenario: 'limit', log, events: odd(size), spread: 'even', conditions: { ...FREE, limit: allowed } },
      ...{ concurrency: 8, ways: ['native'], rounds: 1 },
    }));
}

function growth({ logs, rounds, full }: Wanted): Case[] {
  if (!full) return [];
  return logs.flatMap((log) =>
    [MILLION / 2, 5 * MILLION].map((size) => ({
      ...{ scenario: 'growth' as const, log, events: odd(size), spread: 'even' as const, conditions: FREE },
      ...{ concurrency: CONCURRENCY, ways: ['native' as const], rounds },
    })),
  );
}

/** The window of a log that ends with a day which is over, in milliseconds since 1970. */
export function windowOf(log: LogId, now: number): { from: number; to: number } {
  const dayMs = 86_400_000;
  const to = (Math.floor(now / dayMs) - 1) * dayMs;
  return { from: to - LOGS[log].days * dayMs, to };
}
