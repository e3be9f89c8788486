/** Effects of cron, people and networks on a nightly job in a year. */

import { type Dice, diceFrom } from './dice.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** One run of the workflow. */
export interface PlannedRun {
  readonly runId: number;
  /** 1, or 2 where it was run again. */
  readonly attempt: number;
  /** By so much this runner's clock is ahead, in milliseconds. */
  readonly skewMs: number;
  /** The window of an export that a person asked for, or that of the chain's last one; null: from the last export on. */
  readonly window: { readonly from: number; readonly to: number } | 'last' | null;
}

/** When a trouble begins: at so many requests of all runs of the round, from 0, or at the first that commits. */
export type Moment = number | 'commit';

/** Troubles of the runs of one round. */
export type Trouble =
  /** The job is cancelled; `answered`: the request that it waited for still had its effect. */
  | { readonly kind: 'cancelled'; readonly when: Moment; readonly run: number; readonly answered: boolean }
  /** One request goes wrong, and would go well if it were tried again. */
  | { readonly kind: 'transient'; readonly when: Moment; readonly which: number }
  /** From here on, one side refuses everything. */
  | { readonly kind: 'down'; readonly when: Moment; readonly side: 'vendor' | 'github'; readonly which: number };

/** Runs that start at the same time. */
export interface Round {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether, before they start, a person takes the last export away, as if it were damaged. */
  readonly loses: boolean;
  readonly runs: readonly PlannedRun[];
  readonly troubles: readonly Trouble[];
}

/** The nightly cron, in UTC. */
const CRON_MS = 3 * HOUR_MS + 17 * MINUTE_MS;
/** GitHub starts scheduled workflows late, at busy times by hours. */
const JITTER_MS = 4 * HOUR_MS;
/** A night has about so many requests: troubles begin anywhere in it, some of them too late. */
const REQUESTS = 30;
/** After a week without a run there are more. */
const REQUESTS_OF_A_WEEK = 120;

/** All rounds of a year, in order; the last one is quiet. */
export function planNights(seed: number, purpose: string, start: number, days: number): Round[] {
  const dice = diceFrom(seed, `nights of ${purpose}`);
  const isOut = outages(dice, days);
  const rounds: Round[] = [];
  for (let day = 0; day < days; day++) {
    const at = start + day * DAY_MS + CRON_MS + Math.floor(dice.random() ** 2 * JITTER_MS);
    const isHard = day === 0 || (isOut(day - 1) && !isOut(day));
    const night = nightOf(dice, 10 * day + 100, at, isHard);
    if (day > 0 && (isOut(day) || dice.chance(0.04))) rounds.push(...night.filter(isByHand));
    else rounds.push(...night);
  }
  const last = { runId: 10 * days + 100, attempt: 1, skewMs: 0, window: null };
  return [...rounds, { at: start + days * DAY_MS + CRON_MS, loses: false, runs: [last], troubles: [] }];
}

const isByHand = ({ runs }: Round): boolean => runs.every(({ window }) => window !== null);

/** Draws one or two outages of about a week, in which nothing runs on schedule. */
function outages(dice: Dice, days: number): (day: number) => boolean {
  const weeks = Array.from({ length: dice.whole(1, 2) }, () => {
    const first = dice.whole(1, Math.max(1, days - 12));
    return { first, last: first + dice.whole(5, 9) };
  });
  return (day) => weeks.some(({ first, last }) => first <= day && day <= last);
}

/** @param isHard whether it is the first one ever, or the first after an outage: then troubles are likely */
function nightOf(dice: Dice, runId: number, at: number, isHard: boolean): Round[] {
  const scheduled = (more: number): PlannedRun => ({
    runId: runId + more,
    attempt: 1,
    skewMs: dice.chance(0.5) ? 0 : dice.whole(0, 40_000),
    window: null,
  });
  const runs = dice.chance(isHard ? 0.4 : 0.04) ? [scheduled(0), scheduled(1)] : [scheduled(0)];
  const manual = dice.chance(0.05) ? byHand(dice, runId + 2, at) : null;
  const joins = manual !== null && dice.chance(0.4);
  const troubles = troublesOf(dice, runs.length, isHard);
  const again = dice.chance(0.03) || (troubles.some(({ kind }) => kind !== 'transient') && dice.chance(0.4));
  const next = at + (dice.chance(0.2) ? 0 : dice.whole(MINUTE_MS, 40 * MINUTE_MS));
  const quiet = { loses: false, troubles: [] };
  return [
    { at, loses: dice.chance(0.01), runs: joins ? [...runs, manual] : runs, troubles },
    ...(again ? [{ ...quiet, at: next, runs: [{ ...scheduled(0), attempt: 2 }] }] : []),
    ...(manual && !joins ? [{ ...quiet, at: at + dice.whole(1, 12) * HOUR_MS, runs: [manual] }] : []),
  ];
}

/** Some days of the last weeks, or the very window that was exported last. */
function byHand(dice: Dice, runId: number, at: number): PlannedRun {
  const to = at - dice.whole(0, 20 * 24 * 60) * MINUTE_MS;
  const from = to - dice.whole(1, 3 * 24 * 60) * MINUTE_MS;
  return { runId, attempt: 1, skewMs: 0, window: dice.chance(0.3) ? 'last' : { from, to } };
}

function troublesOf(dice: Dice, runs: number, isHard: boolean): Trouble[] {
  const more = isHard ? 8 : 1;
  const requests = isHard && dice.chance(0.5) ? REQUESTS_OF_A_WEEK : REQUESTS;
  const when = (): Moment => (dice.chance(0.3) ? 'commit' : dice.whole(0, requests - 1));
  const which = () => dice.whole(0, 1000);
  const troubles: Trouble[] = [];
  if (dice.chance(0.08 * more)) troubles.push({ kind: 'transient', when: when(), which: which() });
  if (dice.chance(0.04 * more)) {
    troubles.push({ kind: 'cancelled', when: when(), run: dice.whole(0, runs - 1), answered: dice.chance(0.5) });
  }
  if (dice.chance(0.015 * more)) {
    troubles.push({ kind: 'down', when: when(), side: dice.pick(['vendor', 'github']), which: which() });
  }
  return troubles;
}
