/** What came out of the runs. */

import type { Case, Scenario } from './cases.ts';
import type { LogId } from './logs.ts';
import type { Usage } from './processes.ts';
import type { Conditions, Tally } from './server/conditions.ts';
import type { WayId } from './ways.ts';

/** One way of one case, in all rounds. */
export interface Result extends Pick<Case, 'log' | 'events' | 'spread' | 'conditions'> {
  readonly scenario: Scenario;
  readonly way: WayId;
  readonly usages: readonly Usage[];
  /** What the server saw in each round. */
  readonly tallies: readonly Tally[];
  /** Why there is no complete output; null where there is one in each round. */
  readonly failure: string | null;
  /** Of the events as they go over the wire. */
  readonly wireBytes: number;
}

/** How long it takes from the start to the first line of the log, in milliseconds. */
export interface Start {
  readonly bundleMs: number;
  readonly coreMs: number;
}

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};

/** Median, in milliseconds; null where the way failed. */
export const wallOf = (result: Result | undefined): number | null =>
  result === undefined || result.failure !== null ? null : median(result.usages.map(({ wallMs }) => wallMs));

export const userOf = (result: Result | undefined): number | null => middleOf(result, ({ userMs }) => userMs);

/** The most that any round needed, in bytes; null where nobody could say. */
export function peakOf(result: Result | undefined): number | null {
  const peaks = (result?.usages ?? []).map(({ peakBytes }) => peakBytes).filter((peak) => peak !== null);
  return peaks.length === 0 ? null : Math.max(...peaks);
}

function middleOf(result: Result | undefined, read: (usage: Usage) => number | null): number | null {
  const numbers = (result?.usages ?? []).map(read).filter((number) => number !== null);
  return numbers.length === 0 ? null : median(numbers);
}

export interface Question {
  readonly scenario: Scenario;
  readonly log: LogId;
  readonly way: WayId;
  readonly events?: number;
  readonly spread?: Case['spread'];
  readonly conditions?: Partial<Conditions>;
}

/** The result with the most events that answers the question. */
export function largest(results: readonly Result[], question: Question): Result | undefined {
  const { conditions = {}, ...exact } = question;
  return results
    .filter((result) => Object.entries(exact).every(([name, value]) => result[name as keyof Result] === value))
    .filter((result) =>
      Object.entries(conditions).every(([name, value]) => result.conditions[name as keyof Conditions] === value),
    )
    .reduce<Result | undefined>((most, each) => (most && most.events >= each.events ? most : each), undefined);
}
