import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RowEncoder } from '../../../src/export/row-encoder.ts';
import { type SegmentRows, SpillBudget } from '../../../src/export/segment-rows.ts';
import type { Window } from '../../../src/time/window.ts';
import type { VendorEvent } from '../../../src/vendors/contract.ts';
import { plainsOfAll } from './sort/stored-rows.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'segment-rows-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const SLICE: Window = { from: 10, to: 20 };
/** A budget that no row fits into. */
const NOTHING = 1;

const encoderOf = (order: 'time' | 'vendor' = 'time'): RowEncoder => ({
  order,
  useHeader: () => {},
  encode: ({ body }, rows) => rows.addCells([(body as { v: string }).v]),
  identityOf: () => '',
});

const event = (v: string, time: number | null = 11, id: string | null = null): VendorEvent => ({
  time,
  id,
  body: { v },
});

/** The cells of all rows of a segment that was walked. */
async function ended(budget: SpillBudget, segment: SegmentRows): Promise<string[]> {
  const cells: string[] = [];
  for await (const some of budget.drain(segment)) cells.push(...plainsOfAll(some).map(({ text }) => text.slice(0, -2)));
  return cells;
}

describe.each([
  ['in memory', undefined],
  ['on the disk', NOTHING],
])('SegmentRows, rows %s', (_, maxBytesInMemory) => {
  const budgetOf = (order?: 'time' | 'vendor') => new SpillBudget(encoderOf(order), folder, maxBytesInMemory);

  test('a retracted answer leaves nothing, and other rows stay', async () => {
    const budget = budgetOf();
    const segment = budget.openSegment();
    const [provisional, half, other] = [{}, {}, {}];
    await segment.accept({
      slice: SLICE,
      provisional,
      events: [event('whole', 15, 'A'), event('cut', 25, 'B')],
    });
    await segment.accept({ slice: SLICE, events: [event('of no answer', 12)] });
    await segment.accept({ slice: SLICE, provisional: other, events: [event('other', 13)] });
    await segment.accept({ slice: SLICE, provisional, events: [event('more', 16, 'C')] });
    expect([segment.received, segment.outsideWindow, [...segment.outsideWindowIds()]]).toEqual([5, 1, [['B', 25]]]);
    await segment.accept({ retracted: provisional });
    expect([segment.received, segment.outsideWindow, [...segment.outsideWindowIds()]]).toEqual([2, 0, []]);
    await segment.accept({ slice: SLICE, provisional: half, events: [event('half', 14)] });
    expect(await ended(budget, segment)).toEqual(['of no answer', 'other', 'half']);
    expect(segment.bytesInMemory).toBe(0);
  });

  test('a retraction of the only answer leaves no rows, and one of an unknown answer changes nothing', async () => {
    const budget = budgetOf();
    const segment = budget.openSegment();
    const provisional = {};
    await segment.accept({ retracted: {} });
    await segment.accept({ slice: SLICE, provisional, events: [event('a')] });
    await segment.accept({ retracted: provisional });
    expect(await ended(budget, segment)).toEqual([]);
    expect(segment.received).toBe(0);
  });

  test("rows stay in the order of the vendor where the vendor's order is kept", async () => {
    const budget = budgetOf('vendor');
    const segment = budget.openSegment();
    const provisional = {};
    const names = ['z', 'a', 'm', 'b', 'y', 'c'];
    for (const name of names) {
      await segment.accept({
        slice: SLICE,
        provisional,
        events: [event(name, 18), event(`${name}2`)],
      });
    }
    expect(await ended(budget, segment)).toEqual(names.flatMap((name) => [name, `${name}2`]));
  });

  test('drawn pages of several segments at once: each segment yields its own rows, without retracted ones', async () => {
    const pages = fc.array(
      fc.record({
        index: fc.nat({ max: 2 }),
        answer: fc.nat({ max: 2 }),
        times: fc.array(fc.integer({ min: 10, max: 19 }), { maxLength: 5 }),
        waits: fc.boolean(),
        isRetracted: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
      }),
      { maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(pages, fc.constantFrom<'time' | 'vendor'>('time', 'vendor'), async (drawn, order) => {
        const budget = budgetOf(order);
        const segments = [0, 1, 2].map(() => budget.openSegment());
        const expected = new Map<number, Map<object, { time: number; name: string }[]>>();
        const answers = [{}, {}, {}];
        let count = 0;
        const taking: (() => Promise<void>)[][] = [[], [], []];
        for (const { index, answer, times, waits, isRetracted } of drawn) {
          const of = expected.get(index) ?? new Map<object, { time: number; name: string }[]>();
          expected.set(index, of);
          const [provisional, into] = [answers[answer] as object, segments[index] as SegmentRows];
          if (isRetracted) of.delete(provisional);
          const rows = times.map((time) => ({ time, name: String(count++) }));
          if (!isRetracted) of.set(provisional, [...(of.get(provisional) ?? []), ...rows]);
          const events = rows.map(({ time, name }) => event(name, time));
          taking[index]?.push(async () => {
            if (waits) await turn();
            await into.accept(isRetracted ? { retracted: provisional } : { slice: SLICE, provisional, events });
          });
        }
        // Each segment accepts its pages one after the other, all segments at once.
        await Promise.all(
          taking.map(async (takes) => {
            for (const take of takes) await take();
          }),
        );
        for (const [index, segment] of segments.entries()) {
          const rows = [...(expected.get(index)?.values() ?? [])].flat();
          const sorted = order === 'time' ? rows.toSorted((a, b) => a.time - b.time) : rows;
          expect(await ended(budget, segment)).toEqual(sorted.map(({ name }) => name));
        }
        expect(await readdir(folder)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('SpillBudget', () => {
  const wide = (name: string) => event(`${name}${'x'.repeat(1000)}`, 11, name);
  /** About five rows. */
  const MOST = 6000;

  test('rows of all segments stay within the budget, and the largest segment is spilled first', async () => {
    const budget = new SpillBudget(encoderOf(), folder, MOST);
    const [small, large, third] = [budget.openSegment(), budget.openSegment(), budget.openSegment()];
    const inMemory = () => [small, large, third].map(({ bytesInMemory: heldBytes }) => heldBytes);
    await small.accept({ slice: SLICE, events: [wide('a')] });
    await large.accept({ slice: SLICE, events: ['b', 'c', 'd'].map(wide) });
    expect(inMemory().every((bytes, index) => bytes > 0 || index === 2)).toBe(true);
    const before = small.bytesInMemory;
    await third.accept({ slice: SLICE, events: ['e', 'f'].map(wide) });
    expect(inMemory()).toEqual([before, 0, 2 * before]);
    for (let index = 0; index < 40; index++) {
      const into = [small, large, third][index % 3] as SegmentRows;
      await into.accept({ slice: SLICE, events: [wide(`more ${index}`)] });
      expect(inMemory().reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(MOST);
    }
    for (const segment of [large, small, third]) await ended(budget, segment);
    await budget.close();
  });

  test('rows of a drained segment do not count', async () => {
    const budget = new SpillBudget(encoderOf(), folder, MOST);
    const [first, second] = [budget.openSegment(), budget.openSegment()];
    await first.accept({ slice: SLICE, events: ['a', 'b', 'c', 'd'].map(wide) });
    await ended(budget, first);
    await second.accept({ slice: SLICE, events: ['e', 'f', 'g', 'h'].map(wide) });
    expect(second.bytesInMemory).toBeGreaterThan(4000);
  });
});

describe('SpillBudget, while rows are written to the disk', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => event(`${index} ${'x'.repeat(500)}`, 11));

  test('an answer may be retracted while its rows are written', async () => {
    const budget = new SpillBudget(encoderOf(), folder, 100_000);
    const [writing, other] = [budget.openSegment(), budget.openSegment()];
    const provisional = {};
    const taking = [writing.accept({ slice: SLICE, provisional, events: many(3000) })];
    await turn();
    taking.push(writing.accept({ retracted: provisional }), other.accept({ slice: SLICE, events: [event('kept')] }));
    await Promise.all(taking);
    await writing.accept({ slice: SLICE, events: [event('instead')] });
    expect(await ended(budget, writing)).toEqual(['instead']);
    expect(await ended(budget, other)).toEqual(['kept']);
  });

  test('close drops all rows, and writes no page that comes later', async () => {
    const budget = new SpillBudget(encoderOf(), folder, NOTHING);
    const [writing, late] = [budget.openSegment(), budget.openSegment()];
    const taking = writing.accept({ slice: SLICE, events: many(3000) });
    await turn();
    await budget.close();
    await expect(taking).resolves.toBeUndefined();
    // With its folder gone, a file could not be opened.
    await rm(folder, { recursive: true });
    await late.accept({ slice: SLICE, events: many(10) });
  });

  test('other segments accept pages until the budget is exceeded again', async () => {
    const budget = new SpillBudget(encoderOf(), folder, 100_000);
    const [first, second] = [budget.openSegment(), budget.openSegment()];
    await first.accept({ slice: SLICE, events: many(3000) });
    let isTaken = false;
    const taking = second.accept({ slice: SLICE, events: many(3000) }).then(() => {
      isTaken = true;
    });
    expect(second.bytesInMemory).toBeGreaterThan(1_000_000);
    await Promise.resolve();
    expect(isTaken).toBe(false);
    await taking;
    expect([first.bytesInMemory, second.bytesInMemory]).toEqual([0, 0]);
    for (const segment of [first, second]) expect(await ended(budget, segment)).toHaveLength(3000);
    await budget.close();
  });

  test('a segment may be drained while another one makes room', async () => {
    const budget = new SpillBudget(encoderOf(), folder, 6000);
    const [ending, other] = [budget.openSegment(), budget.openSegment()];
    const wide = (count: number, at: number) =>
      Array.from({ length: count }, (_, index) => event(`${'x'.repeat(1000)}${at + index}`, 11));
    await ending.accept({ slice: SLICE, events: wide(8, 0) });
    await ending.accept({ slice: SLICE, events: wide(4, 8) });
    expect(ending.bytesInMemory).toBeGreaterThan(4000);
    const taking = other.accept({ slice: SLICE, events: wide(3, 12) });
    const rows = await ended(budget, ending);
    expect(rows.map((row) => Number(row.slice(1000)))).toEqual(Array.from({ length: 12 }, (_, index) => index));
    await taking;
    expect(await ended(budget, other)).toHaveLength(3);
  });

  test('disk that refuses: throws `destination` at the next page of any segment, and when the segment is drained', async () => {
    const budget = new SpillBudget(encoderOf(), join(folder, 'gone'), NOTHING);
    const segment = budget.openSegment();
    await segment.accept({ slice: SLICE, events: [event('a')] });
    const refusal = { kind: 'destination' };
    await expect(segment.accept({ slice: SLICE, events: [event('b')] })).rejects.toMatchObject(refusal);
    await expect(budget.openSegment().accept({ slice: SLICE, events: [event('c')] })).rejects.toMatchObject(refusal);
    await expect(ended(budget, segment)).rejects.toMatchObject({ kind: 'destination' });
    await budget.close();
  });
});
