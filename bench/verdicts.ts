/** What has to be reached, and whether it was. */

import { MILLION, PAGE_ROWS } from './cases.ts';
import { grouped, labelOf, SHAPE_LABELS } from './labels.ts';
import { LOGS, type LogId } from './logs.ts';
import { largest, peakOf, type Question, type Result, type Start, wallOf } from './results.ts';
import { ratioOf, SHAPE_EVENTS, type ShapeResult } from './shapes.ts';
import type { WayId } from './ways.ts';

/** `not judged`: measured, but on fewer events than the promise is about. `not measured`: a side of it is missing. */
export type Standing = 'reached' | 'MISSED' | 'not judged' | 'not measured';

export interface Verdict {
  readonly about: string;
  readonly wanted: string;
  readonly found: string;
  readonly standing: Standing;
}

const MIB = 2 ** 20;
const IDS = Object.keys(LOGS) as LogId[];

interface Judgement {
  readonly about: string;
  readonly bound: number;
  readonly atLeast?: boolean;
  readonly unit: string;
  /** null where a side of it is missing. */
  readonly value: number | null;
  /** Whether it was measured as the promise has it. Defaults to true. */
  readonly counts?: boolean;
  /** More about the value. */
  readonly note?: string;
  /** Why this action has no output, which misses every promise; null where it has. */
  readonly failure?: string | null;
}

function judge({
  about,
  bound,
  atLeast = false,
  unit,
  value,
  counts = true,
  note = '',
  failure = null,
}: Judgement): Verdict {
  const wanted = `${atLeast ? 'at least' : 'at most'} ${shown(bound)} ${unit}`;
  if (failure !== null) return { about, wanted, found: `failed: ${failure}`, standing: 'MISSED' };
  if (value === null) return { about, wanted, found: 'not measured', standing: 'not measured' };
  const reached = atLeast ? value >= bound : value <= bound;
  const standing = counts ? (reached ? 'reached' : 'MISSED') : 'not judged';
  return { about, wanted, found: `${shown(value)} ${unit}${note}`, standing };
}

const shown = (value: number): string =>
  Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(2);

const over = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a / b);

export function verdictsOf(results: readonly Result[], start: Start | null): Verdict[] {
  const verdicts = [
    ...speeds(results),
    ...memory(results),
    ...latency(results),
    ...limits(results),
    ...growth(results),
    judge({
      about: 'Start: the bundle to its first line of log, against `@actions/core` alone',
      bound: 1.5,
      unit: '×',
      value: start === null ? null : start.bundleMs / start.coreMs,
    }),
  ];
  return verdicts.filter(({ standing }) => standing !== 'not measured');
}

/** Speed does not depend on how the JSON looks, or on which columns are asked for. */
export const shapeVerdicts = (results: readonly ShapeResult[]): Verdict[] =>
  results
    .filter(({ shape }) => shape !== 'compact')
    .map((result) =>
      judge({
        about: `${LOGS[result.log].name}, ${SHAPE_LABELS[result.shape]}: time against compact JSON`,
        ...{ bound: 1.3, unit: '×', value: ratioOf(results, result), failure: result.failure },
        ...{ counts: result.events > SHAPE_EVENTS, note: ` (${grouped(result.events - 1)} events)` },
      }),
    );

const SPEEDS: readonly [log: LogId, against: WayId, bound: number][] = [
  ['codacy', 'shell', 14],
  ['codacy', 'memory', 4],
  ['codacy', 'streams', 4],
  ['infisical', 'shell', 9],
  ['datafold', 'shell', 5],
];

function speeds(results: readonly Result[]): Verdict[] {
  const find = (log: LogId, way: WayId) => largest(results, { scenario: 'throughput', log, way });
  const faster = SPEEDS.map(([log, against, bound]) => {
    const ours = find(log, 'native');
    const value = over(wallOf(find(log, against)), wallOf(ours));
    return judge({
      about: `${LOGS[log].name}: faster than ${labelOf(against, log)}`,
      bound,
      atLeast: true,
      unit: '×',
      value,
      ...at(ours),
    });
  });
  const kosli = find('kosli', 'native');
  const aitronos = find('aitronos', 'native');
  const perRow = (result: Result | undefined) => over(wallOf(result), result?.events ?? null);
  return [
    ...faster,
    judge({
      about: 'Kosli: time against `curl -o`',
      ...{ bound: 3, unit: '×', value: over(wallOf(kosli), wallOf(find('kosli', 'shell'))), ...at(kosli) },
    }),
    judge({
      about: 'Aitronos: time of a row against one of Kosli',
      ...{ bound: 2, unit: '×', value: over(perRow(aitronos), perRow(kosli)), ...at(aitronos) },
    }),
    ...IDS.map((log) => {
      const value = over(wallOf(find(log, 'common')), wallOf(find(log, 'native')));
      const about = `${LOGS[log].name}: \`common\` columns against \`native\``;
      return judge({ about, bound: 1.6, unit: '×', value, ...at(find(log, 'native')) });
    }),
  ];
}

/** How many events it was, which decides whether it counts. */
function at(result: Result | undefined, least = MILLION): Pick<Judgement, 'counts' | 'note' | 'failure'> {
  const events = result?.events ?? 0;
  return { counts: events >= least, note: ` (${grouped(events - 1)} events)`, failure: result?.failure ?? null };
}

function memory(results: readonly Result[]): Verdict[] {
  const peak = (question: Omit<Question, 'way'>) => {
    const found = largest(results, { way: 'native', ...question });
    return { events: found?.events ?? 0, bytes: wallOf(found) === null ? null : peakOf(found) };
  };
  return IDS.flatMap((log) => {
    const small = peak({ scenario: 'throughput', log, events: 10_001 });
    const million = peak({ scenario: 'throughput', log, events: MILLION + 1 });
    const five = peak({ scenario: 'growth', log, events: 5 * MILLION + 1 });
    const name = LOGS[log].name;
    const mib = { unit: 'MiB' };
    return [
      judge({ about: `${name}: memory at 10,000 events`, bound: 150, value: over(small.bytes, MIB), ...mib }),
      judge({ about: `${name}: memory at 1,000,000 events`, bound: 256, value: over(million.bytes, MIB), ...mib }),
      judge({
        about: `${name}: memory at 5,000,000 events against 1,000,000`,
        ...{ bound: 1.15, unit: '×', value: over(five.bytes, million.bytes) },
      }),
    ];
  });
}

/** As fast as the vendor's latency allows, eight requests at a time. */
function latency(results: readonly Result[]): Verdict[] {
  return (['codacy', 'infisical'] as const).flatMap((log) => {
    const find = (spread: 'even' | 'late', skipMsPerThousand: number) =>
      largest(results, { scenario: 'latency', log, way: 'native', spread, conditions: { skipMsPerThousand } });
    const name = LOGS[log].name;
    const spreads = (['even', 'late'] as const).map((spread) => {
      const result = find(spread, 0);
      const pages = Math.ceil((result?.events ?? 0) / PAGE_ROWS);
      const least = (pages * (result?.conditions.latencyMs ?? 0)) / 8;
      const about = `${name}: waiting for ${spread === 'even' ? 'evenly spread' : 'late clustered'} pages, against pages × latency / 8`;
      return judge({ about, bound: 1.25, unit: '×', value: over(wallOf(result), least), ...at(result) });
    });
    const deep = find('even', 1);
    return [
      ...spreads,
      judge({
        about: `${name}: with a cost of deep offsets against without`,
        // No slower: what two runs of the same differ by is allowed.
        ...{ bound: 1.05, unit: '×', value: over(wallOf(deep), wallOf(find('even', 0))), ...at(deep) },
      }),
    ];
  });
}

function limits(results: readonly Result[]): Verdict[] {
  const result = largest(results, { scenario: 'limit', log: 'infisical', way: 'native' });
  const { limit } = result?.conditions ?? {};
  const wall = wallOf(result);
  const [tally] = result?.tallies ?? [];
  const counts = limit?.windowMs === 60_000;
  const pages = Math.ceil((result?.events ?? 0) / PAGE_ROWS);
  const least = limit ? Math.floor((pages - 1) / limit.requests) * limit.windowMs : 0;
  return [
    judge({
      about: `Rate limit: time against what ${limit?.requests} requests in ${(limit?.windowMs ?? 0) / 1000} s allow`,
      ...{ bound: 1.1, unit: '×', value: least === 0 ? null : over(wall, least), counts },
    }),
    judge({
      about: 'Rate limit: requests beyond it',
      ...{ bound: 0, unit: 'requests', value: wall === null ? null : (tally?.refused ?? null), counts },
      note: `, ${tally?.early} of them after a 429 had said to wait`,
    }),
  ];
}

function growth(results: readonly Result[]): Verdict[] {
  return IDS.map((log) => {
    const perEvent = (events: number) => {
      const result = largest(results, { scenario: 'growth', log, way: 'native', events: events + 1 });
      return over(wallOf(result), events);
    };
    const value = over(perEvent(5 * MILLION), perEvent(MILLION / 2));
    const about = `${LOGS[log].name}: time of an event at 5,000,000 against 500,000`;
    return judge({ about, bound: 1.15, unit: '×', value });
  });
}
