import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { KnownRows } from '../../../src/export/known-rows.ts';
import { PartFiles } from '../../../src/export/part-files.ts';
import { type ExportOptions, RowFilter } from '../../../src/export/row-filter.ts';
import { SpillBudget } from '../../../src/export/segment-rows.ts';
import type { RowRange } from '../../../src/export/sort/row-batch.ts';
import { readEvents } from '../../../src/vendors/read-page.ts';
import { vendorOf } from '../chain.ts';
import { blocksOf, type Plain, rowOf } from './sort/stored-rows.ts';

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

const none = () => Promise.reject(new Error('No vendor here sends anything.'));

/** A table in a folder of its own, which is told that so many events were received. */
async function tableOf(received: number, more: Partial<ExportOptions> = {}) {
  const path = join(await mkdtemp(join(folder, 'one-')), 'a.csv');
  const query = { window: { from: 0, to: 100 }, org: null, provider: null, filters: new Map() };
  const options: ExportOptions = {
    vendor,
    session: { query, send: none, download: none, events: readEvents, note: () => {} },
    org: 'acme-org',
    columns: COLUMNS,
    path,
    maxBytes: null,
    from: 0,
    knownRows: null,
    concurrency: 1,
    onProgress: () => {},
    ...more,
  };
  const parts = new PartFiles(path, null);
  const table = new RowFilter(options, parts);
  table.begin(null);
  const gathering = new SpillBudget(table, folder);
  const stretch = async (events: number) => {
    const gathered = gathering.begin();
    const body = { id: 'x', v: 'x' };
    const all = Array.from({ length: events }, () => ({ time: null, id: null, body }));
    await gathered.accept({ slice: query.window, events: all });
    table.count(gathered);
  };
  await stretch(received);
  const finish = async () => {
    const { counts, lateRows, firstEvent, lastEvent } = await table.finish();
    const files = await parts.seal();
    const [, ...rows] = parse(await readFile(path), { record_delimiter: '\r\n' }) as string[][];
    expect(files).toMatchObject([{ rows: rows.length }]);
    return { counts, lateRows, firstEvent, lastEvent, rows: rows.map(([, v]) => v) };
  };
  const close = async () => {
    await gathering.close();
    await table.close();
    await parts.close();
  };
  return { table, stretch, finish, close };
}

/** Rows of a span, in a block that has others around it, which are none of the table. */
function spanOf(rows: readonly Plain[], around = 1): RowRange {
  const others = Array.from({ length: around }, (_, index) => rowOf(`other,${index}`, 50, rows[0]?.id ?? null));
  const [block] = blocksOf([...others, ...rows, ...others]);
  if (block === undefined) throw new Error('There are no rows.');
  return { block, from: around, to: around + rows.length };
}

/** Writes what is given, and makes it unreadable, as memory is that is used again. */
async function write(table: RowFilter, some: readonly RowRange[]): Promise<void> {
  await table.take(some);
  for (const { block } of some) {
    block.bytes.fill('#');
    block.times.fill(-1);
    block.ends.fill(0);
    (block.ids as unknown[]).fill('#');
    (block.identities as unknown[]).fill('#');
  }
}

const eventOf = (v: string, time: number | null, id: string | null, rest = ''): Plain =>
  rowOf(`${id ?? ''},${v}`, time, id, rest);

/** One event after the other, as the rows of one call, of one block each, or of one call each. */
const CUTS: [what: string, cut: (rows: readonly Plain[]) => RowRange[][]][] = [
  ['in one block', (rows) => [[spanOf(rows)]]],
  ['in a block each', (rows) => [rows.map((row) => spanOf([row]))]],
  ['in a batch each', (rows) => rows.map((row) => [spanOf([row])])],
];

describe.each(CUTS)('events that come %s', (_, cut) => {
  const made = async (rows: readonly Plain[], more: Partial<ExportOptions> = {}) => {
    const { table, finish, close } = await tableOf(rows.length, more);
    try {
      for (const some of cut(rows)) await write(table, some);
      return await finish();
    } finally {
      await close();
    }
  };

  test('and that come again are written once', async () => {
    const [a, b, c] = [eventOf('a', 1, 'A'), eventOf('b', 2, 'B'), eventOf('c', null, 'C')];
    const { rows, counts } = await made([a, a, b, c, c, c]);
    expect(rows).toEqual(['a', 'b', 'c']);
    expect(counts).toEqual({ received: 6, outsideWindow: 0, duplicates: 3, alreadyExported: 0, written: 3 });
  });

  test('and are alike but have no id are all written', async () => {
    const a = eventOf('a', 1, null);
    expect((await made([a, a, a])).rows).toEqual(['a', 'a', 'a']);
  });

  test.each([
    ['bytes', eventOf('other', 5000, 'A', 'r'), 'an event of 1970-01-01T00:00:05Z'],
    ['what the columns leave out', eventOf('a', 5000, 'A', 's'), 'an event of 1970-01-01T00:00:05Z'],
  ])('and are of one id, but not in their %s, are a contradiction', async (__, other, where) => {
    const error = { kind: 'protocol', message: expect.stringContaining('with different contents'), where };
    await expect(made([eventOf('a', 5000, 'A', 'r'), other])).rejects.toMatchObject(error);
    await expect(made([other, eventOf('a', 5000, 'A', 'r')])).rejects.toMatchObject(error);
  });

  test('and are of one id without a time, but not the same, are a contradiction', async () => {
    await expect(made([eventOf('a', null, 'A'), eventOf('b', null, 'A')])).rejects.toMatchObject({ where: 'Acme' });
  });

  test.each([
    ['another', 6000, 'an event of 1970-01-01T00:00:05Z and 1970-01-01T00:00:06Z'],
    ['no', null, 'an event of 1970-01-01T00:00:05Z'],
  ])('and are of one id, at %s time, are a contradiction', async (__, time, where) => {
    const twice = [eventOf('a', 5000, 'A'), eventOf('a', time, 'A')];
    const error = { kind: 'protocol', message: expect.stringContaining('at different times'), where };
    await expect(made(twice)).rejects.toMatchObject(error);
    await expect(made(twice.toReversed())).rejects.toMatchObject({ kind: 'protocol' });
  });

  test('and are known stay out, wherever they stand', async () => {
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

test('an event is compared with that of its own stretch alone', async () => {
  const { table, stretch, finish, close } = await tableOf(1);
  await write(table, [spanOf([eventOf('a', 5, 'A')])]);
  await stretch(1);
  await write(table, [spanOf([eventOf('b', 5, 'A')])]);
  await expect(finish()).rejects.toMatchObject({ message: expect.stringContaining('at different times') });
  await close();
});

test('rows that are unaccounted for are an error of the program', async () => {
  const { table, finish, close } = await tableOf(2);
  await write(table, [spanOf([eventOf('a', 5, 'A')])]);
  await expect(finish()).rejects.toThrow('Rows are unaccounted for: {"received":2,');
  await close();
});

describe('any events', () => {
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
  /** After how many rows a block ends, how many rows of none stand around its span, and whether a batch ends there. */
  const cuts = fc.array(
    fc.record({ length: fc.integer({ min: 1, max: 6 }), around: fc.nat({ max: 2 }), ends: fc.boolean() }),
    { minLength: 1, maxLength: 6 },
  );

  test('are each written once, but for those that are known, however their rows are cut', async () => {
    const times = { new: 20, late: 5, known: 5, timeless: null };
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 14 }), cuts, async (items, drawn) => {
        const knownRows = new KnownRows(vendor, 0);
        const all = items.flatMap(({ kind, hasId, v, times: count }, index) => {
          // Without an id, only what has a time can be told from what is known.
          const id = hasId || kind === 'known' || kind === 'timeless' ? `e${index}` : null;
          if (kind === 'known') knownRows.add({ header: [...COLUMNS], rows: [[`e${index}`, v]] });
          return Array.from({ length: count }, (_, again) => ({ kind, again, v, row: eventOf(v, times[kind], id) }));
        });
        const batches: RowRange[][] = [[]];
        for (let at = 0, index = 0; at < all.length; index++) {
          const { length, around, ends } = drawn[index % drawn.length] as {
            length: number;
            around: number;
            ends: boolean;
          };
          const rows = all.slice(at, at + length).map(({ row }) => row);
          batches.at(-1)?.push(spanOf(rows, around));
          if (ends) batches.push([]);
          at += length;
        }

        const { table, finish, close } = await tableOf(all.length, { from: 10, knownRows });
        for (const some of batches) await write(table, some);
        const { rows, counts, lateRows } = await finish();
        await close();

        const once = all.filter(({ again, row }) => again === 0 || row.id === null);
        const written = once.filter(({ kind }) => kind !== 'known');
        expect(rows).toEqual(written.map(({ v }) => v));
        expect(lateRows).toEqual(written.flatMap(({ kind }, index) => (kind === 'late' ? [index + 1] : [])));
        const known = once.length - written.length;
        const repeated = all.length - once.length;
        expect(counts).toEqual({
          received: all.length,
          outsideWindow: 0,
          duplicates: repeated,
          alreadyExported: known,
          written: written.length,
        });
      }),
      { numRuns: 60 },
    );
  });
});
