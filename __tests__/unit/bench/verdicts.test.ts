import { describe, expect, test } from '@jest/globals';
import { casesOf } from '../../../bench/cases.ts';
import { chartOf } from '../../../bench/chart.ts';
import { readOptions } from '../../../bench/options.ts';
import { pageOf } from '../../../bench/report.ts';
import type { Result } from '../../../bench/results.ts';
import { FREE } from '../../../bench/server/conditions.ts';
import type { ShapeResult } from '../../../bench/shapes.ts';
import { shapeVerdicts, verdictsOf } from '../../../bench/verdicts.ts';

const MIB = 2 ** 20;

/** A way that took so many seconds in each round. */
function took(seconds: number[], about: Partial<Result> = {}): Result {
  return {
    scenario: 'throughput',
    log: 'codacy',
    way: 'native',
    events: 1_000_001,
    spread: 'even',
    conditions: FREE,
    usages: seconds.map((each) => ({ wallMs: each * 1000, userMs: each * 900, systemMs: 10, peakBytes: 200 * MIB })),
    tallies: seconds.map(() => ({ requests: 1031, refused: 0, early: 0 })),
    failure: null,
    wireBytes: 4e8,
    ...about,
  };
}

const about = (results: readonly Result[], subject: string) =>
  verdictsOf(results, null).find((verdict) => verdict.about.startsWith(subject));

describe('a ratio', () => {
  const shell = took([62, 60, 90], { way: 'shell' });

  test('is that of the medians', () => {
    expect(about([took([4, 40, 3]), shell], 'Codacy: faster than curl')).toEqual({
      about: 'Codacy: faster than curl + jq',
      wanted: 'at least 14 ×',
      found: '15.50 × (1,000,000 events)',
      standing: 'reached',
    });
    expect(about([took([5]), shell], 'Codacy: faster than curl')?.standing).toBe('MISSED');
  });

  test('is not judged on fewer events, and not there where a side of it is missing', () => {
    const few = [took([5], { events: 10_001 }), took([1], { way: 'shell', events: 10_001 })];
    expect(about(few, 'Codacy: faster than curl')?.standing).toBe('not judged');
    expect(about([took([5])], 'Codacy: faster than curl')).toBeUndefined();
    const absent = took([0.01], { way: 'shell', failure: 'jq: command not found' });
    expect(about([took([5]), absent], 'Codacy: faster than curl')).toBeUndefined();
  });

  test('is missed where this action has no output', () => {
    const failed = took([0.1], { failure: 'INCOMPLETE: 9 rows, not 10' });
    expect(about([failed, shell], 'Codacy: faster than curl')).toMatchObject({
      found: 'failed: INCOMPLETE: 9 rows, not 10',
      standing: 'MISSED',
    });
  });
});

test('memory is the most that any round needed', () => {
  const usages = [100, 300].map((mib) => ({ wallMs: 1, userMs: 1, systemMs: 1, peakBytes: mib * MIB }));
  expect(about([took([], { usages })], 'Codacy: memory at 1,000,000')).toMatchObject({
    wanted: 'at most 256 MiB',
    found: '300 MiB',
    standing: 'MISSED',
  });
});

test('latency is measured against what eight requests at a time take at least', () => {
  const conditions = { ...FREE, latencyMs: 100 };
  const slow = took([15], { scenario: 'latency', log: 'infisical', conditions });
  const deep = took([18], {
    scenario: 'latency',
    log: 'infisical',
    conditions: { ...conditions, skipMsPerThousand: 1 },
  });
  const found = (subject: string) => about([slow, deep], `Infisical: ${subject}`);
  expect(found('waiting for evenly')).toMatchObject({ found: '1.20 × (1,000,000 events)', standing: 'reached' });
  expect(found('with a cost of deep')).toMatchObject({ found: '1.20 × (1,000,000 events)', standing: 'MISSED' });
});

test('a limit is kept where no request was refused and no time was lost', () => {
  const conditions = { ...FREE, limit: { requests: 200, windowMs: 60_000 } };
  const about200 = { scenario: 'limit', log: 'infisical', events: 500_001, conditions } as const;
  const kept = took([125], about200);
  expect(about([kept], 'Rate limit: time')).toMatchObject({ found: '1.04 ×', standing: 'reached' });
  expect(about([kept], 'Rate limit: requests')).toMatchObject({ wanted: 'at most 0 requests', standing: 'reached' });
  const broken = took([140], { ...about200, tallies: [{ requests: 540, refused: 3, early: 1 }] });
  expect(about([broken], 'Rate limit: time')?.standing).toBe('MISSED');
  expect(about([broken], 'Rate limit: requests')).toMatchObject({
    found: '3 requests, 1 of them after a 429 had said to wait',
    standing: 'MISSED',
  });
});

test('growth is by event, and the start against the least that an action can be', () => {
  const grown = [500_001, 5_000_001].map((events) => took([events / 100_000], { scenario: 'growth', events }));
  expect(about(grown, 'Codacy: time of an event')).toMatchObject({ found: '1.00 ×', standing: 'reached' });
  expect(verdictsOf([], { bundleMs: 120, coreMs: 60 })).toMatchObject([{ found: '2 ×', standing: 'MISSED' }]);
});

/** What Codacy took for compact JSON and for spaced JSON, in seconds. */
const shapesOf = (compact: number, spaced: number, events = 500_001): ShapeResult[] =>
  [compact, spaced].map((seconds, index) => ({
    ...{
      log: 'codacy' as const,
      shape: index === 0 ? ('compact' as const) : ('spaced' as const),
      events,
      failure: null,
    },
    usages: [{ wallMs: seconds * 1000, userMs: null, systemMs: null, peakBytes: null }],
  }));

test('a shape of JSON is judged against compact JSON, on 500,000 events or more', () => {
  expect(shapeVerdicts(shapesOf(2, 2.6))).toMatchObject([{ found: '1.30 × (500,000 events)', standing: 'reached' }]);
  expect(shapeVerdicts(shapesOf(2, 2.7))).toMatchObject([{ standing: 'MISSED' }]);
  expect(shapeVerdicts(shapesOf(2, 2.7, 1001))).toMatchObject([{ standing: 'not judged' }]);
  const failed = shapesOf(2, 2).map((each) => ({ ...each, failure: 'INCOMPLETE' }));
  expect(shapeVerdicts(failed)).toMatchObject([{ found: 'failed: INCOMPLETE', standing: 'MISSED' }]);
});

test('the report has a table for each log, and says what failed', () => {
  const results = [took([4]), took([62], { way: 'shell' }), took([1], { way: 'memory', failure: 'out of | memory' })];
  const page = pageOf(
    {
      options: { seed: 1, rounds: 5, full: false },
      machine: {
        ...{ processor: 'A processor', cores: 2, memoryBytes: 8 * 2 ** 30, system: 'Linux 6', load: 0.1 },
        versions: new Map([['jq', null]]),
      },
      results,
      start: { bundleMs: 80, coreMs: 60 },
      profiles: [{ log: 'codacy', way: 'native', events: 1e6, milliseconds: new Map([['waiting', 10]]) }],
      shapes: shapesOf(1, 1.25),
      verdicts: verdictsOf(results, null),
      now: Date.UTC(2026, 10, 21),
    },
    'benchmarks.svg',
  );
  expect(page).toContain('| Way | 1,000,000 events | user | memory |');
  expect(page).toContain('| this action | 4.00 s | 3.60 s | 200 MiB |');
  expect(page).toContain('| usual Node, in memory | out of \\| memory |  |  |');
  expect(page).toContain('| jq | not installed |');
  expect(page).toContain('## What the time goes to');
  expect(page).toContain('| blanks behind colons and commas | 1.25 s | 1.25 ×, reached |');
  expect(page).toContain('medians of 5 rounds, of 3 where the first took longer than 20 s;');
  const widths = page.split('\n').filter((line) => line.startsWith('| Way'));
  expect(widths).toHaveLength(1);

  const chart = chartOf(results);
  expect(chart.match(/<rect /g)).toHaveLength(2);
  expect(chart).toContain('15.5 ×');
  expect(chart).toContain('>out of | memory<');
  expect(chart).toContain('prefers-color-scheme: dark');
});

describe('the command line', () => {
  test('measures every log in every scenario, and writes the report then alone', () => {
    const options = readOptions([]);
    expect(options.out).toMatch(/docs\/benchmarks\.md$/);
    expect(new Set(casesOf(options).map(({ log }) => log)).size).toBe(6);
    expect(new Set(casesOf(options).map(({ events }) => events))).toEqual(
      new Set([10_001, 100_001, 500_001, 1_000_001]),
    );
    expect(casesOf(readOptions(['--full'])).some(({ events }) => events === 5_000_001)).toBe(true);
    for (const narrowed of [
      ['--vendor', 'kosli'],
      ['--only', 'limit'],
      ['--ways', 'native'],
      ['--events', '5'],
      ['--quick'],
    ]) {
      expect(readOptions(narrowed).out).toBeNull();
    }
  });

  test('is quick where it is asked to be', () => {
    const cases = casesOf(readOptions(['--quick', '--rounds', '9']));
    const slow = cases.filter(
      ({ rounds, events, conditions }) => rounds > 1 || events > 12_001 || conditions.latencyMs > 2,
    );
    expect(slow).toEqual([]);
    expect(new Set(cases.map(({ scenario }) => scenario))).toEqual(new Set(['throughput', 'latency', 'limit']));
  });

  test('measures some ways alone', () => {
    const cases = casesOf(readOptions(['--ways', 'common,native', '--vendor', 'codacy']));
    expect(new Set(cases.flatMap(({ ways }) => ways))).toEqual(new Set(['native', 'common']));
    expect(casesOf(readOptions(['--ways', 'network', '--only', 'limit']))).toEqual([]);
  });

  test.each([
    [['--vendor', 'codacity'], '--vendor codacity: not one of codacy, '],
    [['--only', 'latency,limits'], '--only limits: not one of throughput, '],
    [['--ways', 'dist'], '--ways dist: not one of network, '],
    [['--events', '1e6'], '--events 1e6: not a whole number'],
    [['--rounds', '0'], '--rounds 0: not a whole number'],
    [['--quick', '--full'], '--full and --quick: choose one'],
  ])('%j is refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});
