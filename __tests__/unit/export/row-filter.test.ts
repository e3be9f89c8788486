import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { encodeRow } from '../../../src/csv/encode.ts';
import { ExportCounts } from '../../../src/export/export-counts.ts';
import { KnownRows } from '../../../src/export/known-rows.ts';
import { encodeRows, PartFiles } from '../../../src/export/part-files.ts';
import { RowFilter } from '../../../src/export/row-filter.ts';
import type { RowRange } from '../../../src/export/sort/row-batch.ts';
import { vendorOf } from '../chain.ts';
import { batchesOf, type Plain, rowOf } from './sort/stored-rows.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'table-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const COLUMNS = ['id', 'v'] as const;
const vendor = vendorOf({
  idColumn: 'id',
  order: 'vendor',
  columns: COLUMNS.map((name) => ({ name, meaning: name })),
});

interface FilterCase {
  readonly from?: number;
  readonly knownRows?: KnownRows | null;
}

/** A filter with its counts, and the file that its rows go to; so many events count as received. */
async function tableOf(received: number, { from = 0, knownRows = null }: FilterCase = {}) {
  const path = join(await mkdtemp(join(folder, 'one-')), 'a.csv');
  const files = new PartFiles(path, null);
  const counts = new ExportCounts(from);
  const filter = new RowFilter({ vendor, folder, from, knownRows, table: { names: COLUMNS }, counts });
  await files.openWith(encodeRows([COLUMNS], encodeRow));
  const segment = (events: number) => {
    counts.addSegment({ received: events, outsideWindow: 0 });
    filter.startSegment([]);
  };
  segment(received);
  const write = async (ranges: readonly RowRange[]) => {
    for (const { batch, from: first, to } of await filter.rowsToWrite(ranges)) await files.write(batch, first, to);
    // Memory that is used again becomes unreadable.
    for (const { batch } of ranges) {
      batch.bytes.fill('#');
      batch.times.fill(-1);
      batch.ends.fill(0);
      (batch.ids as unknown[]).fill('#');
      (batch.identities as unknown[]).fill('#');
    }
  };
  const finish = async () => {
    const totals = counts.totals();
    await filter.checkIds();
    const sealed = await files.seal();
    const [, ...rows] = parse(await readFile(path), { record_delimiter: '\r\n' }) as string[][];
    expect(sealed).toMatchObject([{ rows: rows.length }]);
    return { ...totals, rows: rows.map(([, v]) => v) };
  };
  const close = async () => {
    await filter.close();
    await files.close();
  };
  return { segment, write, finish, close };
}

/** A range of a batch that has other rows around it, which are not of the table. */
function rangeOf(rows: readonly Plain[], around = 1): RowRange {
  const others = Array.from({ length: around }, (_, index) => rowOf(`other,${index}`, 50, rows[0]?.id ?? null));
  const [batch] = batchesOf([...others, ...rows, ...others]);
  if (batch === undefined) throw new Error('There are no rows.');
  return { batch, from: around, to: around + rows.length };
}

const eventOf = (v: string, time: number | null, id: string | null, identity = ''): Plain =>
  rowOf(`${id ?? ''},${v}`, time, id, identity);

/** Ways to give rows to the filter: the ranges of each call. */
const SPLITS: [what: string, callsOf: (rows: readonly Plain[]) => RowRange[][]][] = [
  ['in one batch', (rows) => [[rangeOf(rows)]]],
  ['in a batch each', (rows) => [rows.map((row) => rangeOf([row]))]],
  ['in a call each', (rows) => rows.map((row) => [rangeOf([row])])],
];

describe.each(SPLITS)('RowFilter, rows %s', (_, callsOf) => {
  const made = async (rows: readonly Plain[], more: FilterCase = {}) => {
    const { write, finish, close } = await tableOf(rows.length, more);
    try {
      for (const some of callsOf(rows)) await write(some);
      return await finish();
    } finally {
      await close();
    }
  };

  test('an event of one id and time that comes again is written once and counted as a duplicate', async () => {
    const [a, b, c] = [eventOf('a', 1, 'A'), eventOf('b', 2, 'B'), eventOf('c', null, 'C')];
    const { rows, counts } = await made([a, a, b, c, c, c]);
    expect(rows).toEqual(['a', 'b', 'c']);
    expect(counts).toEqual({ received: 6, outsideWindow: 0, duplicates: 3, alreadyExported: 0, written: 3 });
  });

  test('equal events without an id are all written', async () => {
    const a = eventOf('a', 1, null);
    expect((await made([a, a, a])).rows).toEqual(['a', 'a', 'a']);
  });

  test.each([
    ['bytes', eventOf('other', 5000, 'A', 'r'), 'an event of 1970-01-01T00:00:05Z'],
    ['what the columns leave out', eventOf('a', 5000, 'A', 's'), 'an event of 1970-01-01T00:00:05Z'],
  ])('two events of one id and time that differ in %s: throws `protocol`', async (__, other, where) => {
    const error = { kind: 'protocol', message: expect.stringContaining('with different contents'), where };
    await expect(made([eventOf('a', 5000, 'A', 'r'), other])).rejects.toMatchObject(error);
    await expect(made([other, eventOf('a', 5000, 'A', 'r')])).rejects.toMatchObject(error);
  });

  test('two events of one id without a time that differ: throws `protocol`, names the vendor alone', async () => {
    await expect(made([eventOf('a', null, 'A'), eventOf('b', null, 'A')])).rejects.toMatchObject({ where: 'Acme' });
  });

  test.each([
    ['another', 6000, 'an event of 1970-01-01T00:00:05Z and 1970-01-01T00:00:06Z'],
    ['no', null, 'an event of 1970-01-01T00:00:05Z'],
  ])('an id that comes again at %s time: throws `protocol`, names the times', async (__, time, where) => {
    const twice = [eventOf('a', 5000, 'A'), eventOf('a', time, 'A')];
    const error = { kind: 'protocol', message: expect.stringContaining('at different times'), where };
    await expect(made(twice)).rejects.toMatchObject(error);
    await expect(made(twice.toReversed())).rejects.toMatchObject({ kind: 'protocol' });
  });

  test('events of an earlier export are left out wherever they stand, and late ones are marked', async () => {
    const from = 10;
    const earlier = () => {
      const all = new KnownRows(vendor, 0);
      all.add({ header: [...COLUMNS], rows: ['K1', 'K2', 'K3', 'K4'].map((id) => [id, 'old']) });
      return all;
    };
    const known = ['K1', 'K2', 'K3', 'K4'].map((id) => eventOf('known', 5, id)) as [Plain, Plain, Plain, Plain];
    const [late, now] = [eventOf('late', 6, 'L'), eventOf('now', 10, 'N')];
    const orders = [
      [known[0], late, known[1], known[2], now, known[3]],
      [late, ...known, now],
      [late, now, ...known],
      [...known, late, now],
      [known[0], known[0], late, late, known[1], now, now],
    ];
    for (const rows of orders) {
      const {
        rows: written,
        lateRows,
        counts,
        firstEvent,
        lastEvent,
      } = await made(rows, { from, knownRows: earlier() });
      expect(written).toEqual(['late', 'now']);
      expect(lateRows).toEqual([1]);
      const ids = new Set(rows.map(({ id }) => id)).size;
      expect(counts).toEqual({
        received: rows.length,
        outsideWindow: 0,
        duplicates: rows.length - ids,
        alreadyExported: ids - 2,
        written: 2,
      });
      expect([firstEvent, lastEvent]).toEqual([6, 10]);
    }
  });
});

test('RowFilter: one id at one time in two segments throws `protocol`, for rows are compared within a segment alone', async () => {
  const { segment, write, finish, close } = await tableOf(1);
  await write([rangeOf([eventOf('a', 5, 'A')])]);
  segment(1);
  await write([rangeOf([eventOf('b', 5, 'A')])]);
  await expect(finish()).rejects.toMatchObject({ message: expect.stringContaining('at different times') });
  await close();
});

test('ExportCounts: a received event that is in no other count throws `Rows are unaccounted for`', async () => {
  const { write, finish, close } = await tableOf(2);
  await write([rangeOf([eventOf('a', 5, 'A')])]);
  await expect(finish()).rejects.toThrow('Rows are unaccounted for: {"received":2,');
  await close();
});

describe('RowFilter, drawn events', () => {
  interface Item {
    readonly kind: 'new' | 'late' | 'known' | 'timeless';
    readonly hasId: boolean;
    readonly times: number;
    readonly v: string;
  }
  const item: fc.Arbitrary<Item> = fc.record({
    kind: fc.constantFrom('new', 'new', 'late', 'known', 'timeless'),
    hasId: fc.boolean(),
    times: fc.integer({ min: 1, max: 3 }),
    v: fc.constantFrom('a', 'bb', 'é', 'x'.repeat(40)),
  });
  /** After how many rows a batch ends, how many other rows stand around its range, and whether the call ends there. */
  const splits = fc.array(
    fc.record({ length: fc.integer({ min: 1, max: 6 }), around: fc.nat({ max: 2 }), ends: fc.boolean() }),
    { minLength: 1, maxLength: 6 },
  );

  test('each event is written once and those of an earlier export never, however rows are split into batches and calls', async () => {
    const times = { new: 20, late: 5, known: 5, timeless: null };
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 14 }), splits, async (items, drawn) => {
        const knownRows = new KnownRows(vendor, 0);
        const all = items.flatMap(({ kind, hasId, v, times: count }, index) => {
          // Without an id, only what has a time can be told from what is known.
          const id = hasId || kind === 'known' || kind === 'timeless' ? `e${index}` : null;
          if (kind === 'known') knownRows.add({ header: [...COLUMNS], rows: [[`e${index}`, v]] });
          return Array.from({ length: count }, (_, again) => ({ kind, again, v, row: eventOf(v, times[kind], id) }));
        });
        const calls: RowRange[][] = [[]];
        for (let at = 0, index = 0; at < all.length; index++) {
          const { length, around, ends } = drawn[index % drawn.length] as {
            length: number;
            around: number;
            ends: boolean;
          };
          const rows = all.slice(at, at + length).map(({ row }) => row);
          calls.at(-1)?.push(rangeOf(rows, around));
          if (ends) calls.push([]);
          at += length;
        }

        const { write, finish, close } = await tableOf(all.length, { from: 10, knownRows });
        for (const some of calls) await write(some);
        const { rows, counts, lateRows } = await finish();
        await close();

        const once = all.filter(({ again, row }) => again === 0 || row.id === null);
        const written = once.filter(({ kind }) => kind !== 'known');
        expect(rows).toEqual(written.map(({ v }) => v));
        expect(lateRows).toEqual(written.flatMap(({ kind }, index) => (kind === 'late' ? [index + 1] : [])));
        const known = once.length - written.length;
        const duplicates = all.length - once.length;
        expect(counts).toEqual({
          received: all.length,
          outsideWindow: 0,
          duplicates,
          alreadyExported: known,
          written: written.length,
        });
      }),
      { numRuns: 60 },
    );
  });
});
