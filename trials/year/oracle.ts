/** Judge of a year of exports, however its nights went. */

import type { LedgerEvent } from '../../sandbox/ledger.ts';
import type { Subject } from '../../sandbox/subjects.ts';
import { ExportError, Interrupted } from '../../src/base/errors.ts';
import { CLOCK_CHANGES, type Happened } from './events.ts';
import { chainOf, differ, type FoundExport } from './exports.ts';
import { DAY_MS, HOUR_MS } from './nights.ts';
import type { RunOutcome } from './runs.ts';

export interface Year {
  readonly subject: Subject;
  readonly happened: Happened;
  readonly outcomes: readonly RunOutcome[];
  readonly exports: readonly FoundExport[];
  /** Whether no export is to be longer than a day of Berlin. */
  readonly inDays: boolean;
  /** Exports that a person took away. */
  readonly lost: readonly FoundExport[];
}

/** Everything that is not as it should be, in words; empty where the year was exported whole. */
export function judge(year: Year): string[] {
  const chain = chainOf(year.exports);
  const last = year.outcomes.at(-1);
  if (chain.length === 0 || last === undefined) return ['there is no export'];
  return [
    ...year.exports.flatMap(({ flaws }) => flaws),
    ...year.outcomes.flatMap((outcome) => judgeRun(outcome, [...year.exports, ...year.lost])),
    ...judgeTiling(chain),
    ...(year.inDays ? judgeDays(chain) : []),
    ...judgeEvents(year, chain, last),
    ...year.exports.flatMap((one) => (one.previous === undefined ? judgeAlone(year, one) : [])),
  ];
}

/** A run that ended red has a reason, and says it; one that ended green says what it delivered. */
function judgeRun(outcome: RunOutcome, exports: readonly FoundExport[]): string[] {
  const { planned, error, cancelled, refused, outputs, left } = outcome;
  const { runId, attempt } = planned;
  const name = `run ${runId}, attempt ${attempt}, of ${new Date(outcome.startedAt).toISOString()}`;
  const own = exports.filter((one) => one.runId === runId && one.attempt === attempt);
  const delivered = own.length;
  const flaws: string[] = [];
  if (error !== null) {
    const expected = cancelled === undefined ? refused && error instanceof ExportError : error === cancelled;
    if (!expected || !(error instanceof ExportError || error instanceof Interrupted)) {
      flaws.push(`ended red: ${error instanceof Error ? error.stack : error}`);
    }
    if (left > delivered) flaws.push(`left ${left} folders, but delivered ${delivered}`);
  } else if (outputs['changed'] !== 'false' || planned.window === null) {
    const rows = own.reduce((sum, one) => sum + one.rows.length, 0);
    const late = own.reduce((sum, one) => sum + one.lateRows.length, 0);
    flaws.push(
      ...differ('`export-count`', outputs['export-count'], String(delivered)),
      ...differ('`row-count`', outputs['row-count'], String(rows)),
      ...differ('`late-count`', outputs['late-count'], String(late)),
      ...(outputs['changed'] === '' ? [] : differ('`changed`', outputs['changed'], String(delivered > 0))),
      ...differ('folders', left, delivered),
    );
  }
  return flaws.map((flaw) => `${name}: ${flaw}`);
}

/** No gap, no overlap, and each names the one before. */
function judgeTiling(chain: readonly FoundExport[]): string[] {
  return chain.flatMap(({ path, from, previous }, index) => {
    const before = chain[index - 1];
    if (before === undefined) return differ(`${path}: the one before`, previous, null);
    return [
      ...differ(`${path}: begins`, new Date(from).toISOString(), new Date(before.to).toISOString()),
      ...differ(`${path}: the id of the one before`, previous?.id, before.id),
      ...differ(`${path}: the sha256 of the one before`, previous?.sha256, before.sha256),
      ...differ(`${path}: the end of the one before`, Date.parse(previous?.to ?? ''), before.to),
    ];
  });
}

/** Days are 23 and 25 hours long where clocks change. */
function judgeDays(chain: readonly FoundExport[]): string[] {
  const [spring, autumn] = CLOCK_CHANGES;
  const clockOf = (time: number) => time + (spring <= time && time < autumn ? HOUR_MS : 0);
  const long = chain.filter(({ from, to }) => clockOf(to) - clockOf(from) > DAY_MS);
  return long.map(({ path }) => `${path}: longer than a day`);
}

/**
 * Every event from the first `from` to the last `to`, once: but for those that the vendor had not stored when the last
 * run asked, which the next one would find.
 */
function judgeEvents({ subject, happened }: Year, chain: readonly FoundExport[], last: RunOutcome): string[] {
  const [first, end] = [chain[0]?.from ?? 0, chain.at(-1)?.to ?? 0];
  const { events, storedAt } = happened;
  const due = events.filter((event) => {
    const stored = storedAt.get(event) ?? 0;
    return event.time >= first && event.time < end && stored <= last.startedAt && (subject.holds?.(event) ?? true);
  });
  const keyOf = keysOf(subject);
  const owed = Map.groupBy(due, (event) => keyOf.event(event));
  const flaws: string[] = [];
  for (const { path, from, to, lookedFrom, rows, lateRows } of chain) {
    const late = new Set(lateRows);
    for (const [index, row] of rows.entries()) {
      const key = keyOf.row(row);
      const event = owed.get(key)?.pop();
      const line = `${path}, row ${index + 1}`;
      if (event === undefined) flaws.push(`${line}: no event that is still missing: ${key}`);
      else if (event.time < lookedFrom || event.time >= to) flaws.push(`${line}: outside its window: ${key}`);
      else if (event.time < from !== late.has(index + 1)) flaws.push(`${line}: wrongly on time or late: ${key}`);
    }
  }
  const missing = [...owed.values()].flat();
  flaws.push(...missing.map((event) => `missing: ${tell(event, storedAt)}, ${keyOf.event(event)}`));
  return flaws;
}

/** An export that a person asked for holds what the vendor told of its window at the time. */
function judgeAlone({ subject, happened, outcomes }: Year, { path, from, to, runId, rows }: FoundExport): string[] {
  const run = outcomes.find(({ planned }) => planned.runId === runId);
  if (run === undefined) return [`${path}: of a run ${runId} that never was`];
  const keyOf = keysOf(subject);
  const count = (by: number) =>
    Map.groupBy(
      happened.events.filter((event) => {
        const inside = event.time >= from && event.time < to && (happened.storedAt.get(event) ?? 0) <= by;
        return inside && (subject.holds?.(event) ?? true);
      }),
      (event) => keyOf.event(event),
    );
  const [least, most] = [count(run.startedAt), count(run.endedAt)];
  const found = Map.groupBy(rows, (row) => keyOf.row(row));
  return [
    ...[...least].flatMap(([key, events]) =>
      (found.get(key)?.length ?? 0) < events.length ? [`${path}: missing: ${key}`] : [],
    ),
    ...[...found].flatMap(([key, same]) =>
      same.length > (most.get(key)?.length ?? 0) ? [`${path}: too many of ${key}`] : [],
    ),
  ];
}

function keysOf({ columns, values = ({ fields }) => fields }: Subject) {
  const row = (cells: Readonly<Record<string, unknown>>) =>
    JSON.stringify(columns.map((column) => String(cells[column] ?? '')));
  return { row, event: (event: LedgerEvent) => row(values(event)) };
}

function tell(event: LedgerEvent, storedAt: Happened['storedAt']): string {
  const [happened, stored] = [event.time, storedAt.get(event) ?? 0].map((ms) => new Date(ms).toISOString());
  return `happened ${happened}, stored ${stored}`;
}
