import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import { csvRow } from '../../../src/csv/csv-row.ts';
import { lookBack } from '../../../src/delivery/history.ts';
import type { ExportedTable, ExportOptions } from '../../../src/export/export.ts';
import { exportEvents } from '../../../src/export/export.ts';
import { KnownRows } from '../../../src/export/known-rows.ts';
import { planTable } from '../../../src/table/table-plan.ts';
import { formatInstant } from '../../../src/time/instant.ts';
import { sliceWindow, type Window } from '../../../src/time/window.ts';
import type {
  Columns,
  Page,
  Retraction,
  Segment,
  Session,
  Vendor,
  VendorEvent,
} from '../../../src/vendors/contract.ts';
import { readEvents } from '../../../src/vendors/read-page.ts';
import { MemoryHistory, sha256, stretchesOf, stretchOf, taskOf, vendorOf } from '../chain.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-test-'));
  path = join(folder, 'a.csv');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const session: Session = {
  query: { window: { from: 0, to: 100 }, org: null, provider: null, filters: new Map() },
  send: () => Promise.reject(new Error('No vendor here sends anything.')),
  download: () => Promise.reject(new Error('No vendor here sends anything.')),
  events: readEvents,
  note: () => {},
};

const csvVendor: Partial<Vendor> = { format: 'csv', columns: null };

interface Asked
  extends Partial<Vendor>,
    Partial<Pick<ExportOptions, 'maxBytes' | 'from' | 'knownRows' | 'concurrency' | 'maxBytesInMemory'>> {
  readonly asked?: Columns;
}

/** Exports these pages and reads the CSV, without its header, as independent readers do. */
async function run(pages: readonly Page[], given: Asked = {}) {
  const written: [number, Window][] = [];
  const file = await exportOf(pages, given, (count, upTo) => written.push([count, upTo]));
  const bytes = await readFile(path);
  const [header, ...rows] = parse(bytes, { record_delimiter: '\r\n' }) as string[][];
  return { file, bytes, header, rows, written };
}

function exportOf(
  pages: readonly Page[],
  {
    asked = 'native',
    maxBytes = null,
    from = 0,
    knownRows = null,
    concurrency = 2,
    maxBytesInMemory,
    ...vendor
  }: Asked = {},
  onProgress: ExportOptions['onProgress'] = () => {},
): Promise<ExportedTable> {
  const table = {
    session,
    org: 'acme-org',
    columns: asked,
    path,
    maxBytes,
    from,
    knownRows,
    concurrency,
    onProgress,
    ...(maxBytesInMemory && { maxBytesInMemory }),
  };
  return exportEvents({ vendor: vendorOf({ segments: () => stretchesOf(pages), ...vendor }), ...table });
}

/** The error that an export ends with; fails where a file has got its final name. */
async function failure(exported: Promise<unknown>): Promise<ExportError> {
  const error = await exported.then(
    () => Promise.reject(new Error('did not fail')),
    (thrown: unknown) => thrown,
  );
  expect((await readdir(folder)).filter((name) => !name.endsWith('.partial'))).toEqual([]);
  return error as ExportError;
}

const SLICE: Window = { from: 10, to: 20 };
/** An event whose one value says which it is. */
const event = (v: string, time: number | null, id: string | null = null): VendorEvent => ({ time, id, body: { v } });
const row = (cells: readonly string[], time: number | null = null): VendorEvent => ({
  time,
  id: null,
  body: csvRow(cells),
});
const firstCells = (rows: readonly (readonly string[])[]): (string | undefined)[] => rows.map(([cell]) => cell);

describe('exportEvents', () => {
  test('the file is the header and a row for each event, under its name, with its digest', async () => {
    const { file, bytes } = await run([{ slice: SLICE, events: [event('a', 11), event('b,"c"', 12)] }]);
    expect(String(bytes)).toBe('v,extra\r\na,\r\n"b,""c""",\r\n');
    expect(file).toEqual({
      files: [{ path, name: 'a.csv', rows: 2, bytes: bytes.length, sha256: sha256(bytes) }],
      columns: ['v', 'extra'],
      counts: { received: 2, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 2 },
      firstEvent: 11,
      lastEvent: 12,
      lateRows: [],
    });
    expect(await readdir(folder)).toEqual(['a.csv']);
  });

  test.each<[what: string, pages: Page[]]>([
    ['no page at all', []],
    ['one empty page', [{ slice: SLICE, events: [] }]],
    ['events outside the window alone', [{ slice: SLICE, events: [event('a', 9), event('b', 20)] }]],
  ])('an export of %s is the header alone', async (_, pages) => {
    const { file, bytes } = await run(pages);
    expect(String(bytes)).toBe('v,extra\r\n');
    expect(file).toMatchObject({ columns: ['v', 'extra'], firstEvent: null, lastEvent: null });
    expect(file.counts.written).toBe(0);
  });

  test('an empty answer in CSV becomes the header of that answer', async () => {
    const { bytes, file } = await run([{ slice: SLICE, header: ['Time', 'What'], events: [] }], csvVendor);
    expect(String(bytes)).toBe('Time,What\r\n');
    expect(file.columns).toEqual(['Time', 'What']);
  });

  test.each([
    ['in memory', undefined],
    ['on the disk', 1],
  ])('an export holds more events than a batch, and than are written at a time: %s', async (_, maxBytesInMemory) => {
    const count = 2 ** 15 + 1;
    const events = Array.from({ length: count }, (__, index) => event(String(index), 10 + (index % 10), String(index)));
    const { file, rows } = await run(
      [{ slice: SLICE, events }],
      maxBytesInMemory === undefined ? {} : { maxBytesInMemory: maxBytesInMemory },
    );
    expect(file.counts).toEqual({
      received: count,
      outsideWindow: 0,
      duplicates: 0,
      alreadyExported: 0,
      written: count,
    });
    expect(rows).toHaveLength(count);
    const sorted = events.toSorted((a, b) => Number(a.time) - Number(b.time) || ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
    expect(firstCells(rows)).toEqual(sorted.map(({ id }) => id));
  });

  test('the table has the columns that are asked for, in that order', async () => {
    const { header, rows } = await run([{ slice: SLICE, events: [event('a', 11, 'id-1')] }], {
      asked: ['time', 'v', 'org', 'id'],
    });
    expect([header, ...rows]).toEqual([
      ['time', 'v', 'org', 'id'],
      ['1970-01-01T00:00:00.011Z', 'a', 'acme-org', 'id-1'],
    ]);
  });
});

describe('exportEvents, which events are written', () => {
  test('events outside their slice are left out: its start is inside, its end outside', async () => {
    const events = [9, 9.999, 10, 19, 19.999, 20, 21].map((time) => event(String(time), time));
    const { rows, file } = await run([{ slice: SLICE, events }]);
    expect(firstCells(rows)).toEqual(['10', '19', '19.999']);
    expect(file.counts).toEqual({ received: 7, outsideWindow: 4, duplicates: 0, alreadyExported: 0, written: 3 });
    expect([file.firstEvent, file.lastEvent]).toEqual([10, 19.999]);
  });

  test('events without a time are all written, in the order of the vendor', async () => {
    const events = [row(['z']), row(['a']), row(['m'])];
    const { rows, file } = await run([{ slice: SLICE, header: ['What'], events }], { ...csvVendor, order: 'vendor' });
    expect(firstCells(rows)).toEqual(['z', 'a', 'm']);
    expect(file).toMatchObject({ counts: { received: 3, written: 3 }, firstEvent: null, lastEvent: null });
  });

  test('an event that comes again by id is written once, on one page or on several', async () => {
    const pages = [
      { slice: SLICE, events: [event('a', 11, 'A'), event('a', 11, 'A'), event('b', 12, 'B')] },
      { slice: SLICE, events: [event('b', 12, 'B'), event('c', 13, 'C')] },
    ];
    const { rows, file } = await run(pages);
    expect(firstCells(rows)).toEqual(['a', 'b', 'c']);
    expect(file.counts).toEqual({ received: 5, outsideWindow: 0, duplicates: 2, alreadyExported: 0, written: 3 });
  });

  test('equal events without an id are all written: they may be two', async () => {
    const { rows, file } = await run([{ slice: SLICE, events: [event('a', 11), event('a', 11)] }]);
    expect(firstCells(rows)).toEqual(['a', 'a']);
    expect(file.counts.duplicates).toBe(0);
  });

  test('an event that two slices received is written by the slice in which its time lies', async () => {
    const border = event('border', 20, 'B');
    const { rows, file } = await run([
      { slice: { from: 10, to: 20 }, events: [event('a', 11, 'A'), border] },
      { slice: { from: 20, to: 30 }, events: [border, event('c', 21, 'C')] },
    ]);
    expect(firstCells(rows)).toEqual(['a', 'border', 'c']);
    expect(file.counts).toEqual({ received: 4, outsideWindow: 1, duplicates: 0, alreadyExported: 0, written: 3 });
  });

  test('one id with two contents: throws `protocol`', async () => {
    const events = [event('granted', 11_000, 'A'), event('b', 11_001, 'B'), event('denied', 11_000, 'A')];
    const error = await failure(run([{ slice: { from: 10_000, to: 20_000 }, events }]));
    expect(error).toMatchObject({
      kind: 'protocol',
      message: 'Acme gave one event id twice, with different contents.',
      where: 'an event of 1970-01-01T00:00:11Z',
    });
    expect(`${error.message}${error.where}${error.next}`).not.toMatch(/granted|denied/);
    expect(error.next).toContain('report it to the vendor');
  });

  test('one id with two contents and no time: throws `protocol` that names the vendor alone', async () => {
    const events = [event('a', null, 'A'), event('b', null, 'A')];
    expect(await failure(run([{ slice: SLICE, events }]))).toMatchObject({ kind: 'protocol', where: 'Acme' });
  });

  test('a time that is NaN: throws an error of the program, and writes no file', async () => {
    const error = await failure(run([{ slice: SLICE, events: [event('a', Number.NaN)] }]));
    expect(error).not.toBeInstanceOf(ExportError);
    expect(String(error)).toContain('Acme');
  });

  test('one id with two contents on other pages, or outside the window: throws `protocol`', async () => {
    const [inside, outside] = [event('granted', 11, 'A'), event('denied', 25, 'A')];
    for (const [index, order] of [
      [inside, outside],
      [outside, inside],
    ].entries()) {
      path = join(folder, `${index}.csv`);
      const pages = order.map((one) => ({ slice: SLICE, events: [one] }));
      expect(await failure(run(pages))).toMatchObject({ kind: 'protocol' });
    }
  });
});

describe('exportEvents, one id in two slices', () => {
  const slices = [
    { from: 10, to: 20 },
    { from: 20, to: 30 },
  ] as const;

  test('both slices keep the id at their own time: throws `protocol`', async () => {
    const pages = [
      { slice: slices[0], events: [event('early', 11, 'A'), event('b', 12, 'B')] },
      { slice: slices[1], events: [event('late', 21, 'A')] },
    ];
    expect(await failure(run(pages))).toMatchObject({
      kind: 'protocol',
      message: 'Acme gave one event id twice, at different times.',
    });
  });

  test('one slice keeps the id: the event is written once', async () => {
    const pages = [
      { slice: slices[0], events: [event('a', 11, 'A')] },
      { slice: slices[1], events: [event('a', 11, 'A'), event('c', 21, 'C')] },
    ];
    const { rows } = await run(pages);
    expect(firstCells(rows)).toEqual(['a', 'c']);
  });
});

describe('exportEvents, the order of rows', () => {
  test('rows are in order of time, then id, whatever the vendor sends first', async () => {
    const events = [event('4', 12, 'b'), event('1', 11, 'z'), event('3', 12, 'a'), event('2', 11.5, 'y')];
    const { rows } = await run([{ slice: SLICE, events }]);
    expect(firstCells(rows)).toEqual(['1', '2', '3', '4']);
  });

  test('ties without an id stay in the order of the vendor', async () => {
    const events = ['c', 'a', 'b'].map((v) => event(v, 12));
    const { rows } = await run([{ slice: SLICE, events: [...events, event('first', 11)] }]);
    expect(firstCells(rows)).toEqual(['first', 'c', 'a', 'b']);
  });

  test('ties without an id come first, so that one id in two answers stands side by side', async () => {
    const page = { slice: SLICE, events: [event('id', 12, 'A'), event('none', 12)] };
    const { rows, file } = await run([
      { ...page, provisional: {} },
      { slice: SLICE, provisional: {}, events: [event('id', 12, 'A')] },
    ]);
    expect(firstCells(rows)).toEqual(['none', 'id']);
    expect(file.counts.duplicates).toBe(1);
  });

  test('rows stay in the order of the vendor where that is kept', async () => {
    const header = ['What'];
    const events = [row(['late'], 18), row(['early'], 11), row(['mid'], 15)];
    const { rows, file } = await run([{ slice: SLICE, header, events }], { ...csvVendor, order: 'vendor' });
    expect(firstCells(rows)).toEqual(['late', 'early', 'mid']);
    expect([file.firstEvent, file.lastEvent]).toEqual([11, 18]);
  });

  test('rows come slice by slice, and progress is told after each slice', async () => {
    const [early, late] = [
      { from: 10, to: 20 },
      { from: 20, to: 30 },
    ];
    const { rows, written } = await run([
      { slice: early, events: [event('b', 19, 'B')] },
      { slice: early, events: [event('a', 11, 'A')] },
      { slice: late, events: [event('d', 29, 'D'), event('c', 21, 'C')] },
    ]);
    expect(firstCells(rows)).toEqual(['a', 'b', 'c', 'd']);
    expect(written).toEqual([
      [2, early],
      [4, late],
    ]);
  });

  test('slices of one time stay apart, as those of several environments are', async () => {
    const header = ['What'];
    const pages = ['prod', 'test'].map((name) => ({
      slice: { ...SLICE },
      header,
      events: [row([`${name} late`], 18), row([`${name} early`], 11)],
    }));
    const { rows } = await run(pages, csvVendor);
    expect(firstCells(rows)).toEqual(['prod early', 'prod late', 'test early', 'test late']);
  });

  test('drawn events make equal bytes, however they are paged, shuffled and repeated', async () => {
    const events = fc.uniqueArray(
      fc.record({ id: fc.string({ unit: 'binary', minLength: 1 }), time: fc.integer({ min: 8, max: 22 }) }),
      { selector: ({ id }) => id, maxLength: 20 },
    );
    const paging = fc.array(fc.nat({ max: 5 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        events.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list), fc.shuffledSubarray(list))),
        paging,
        async ([all, again, order], sizes) => {
          const rest = all.filter((one) => !order.includes(one));
          const received = [...order, ...again, ...rest].map(({ id, time }) => event(`of ${id}`, time, id));
          const ends = sizes.map((size, index) => sizes.slice(0, index).reduce((sum, one) => sum + one, size));
          const pages = [...ends, undefined].map((end, index) => ({
            slice: SLICE,
            events: received.slice(ends[index - 1] ?? 0, end),
          }));
          const { rows, file } = await run(pages);

          const inside = all.filter(({ time }) => time >= SLICE.from && time < SLICE.to);
          const sorted = inside.sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
          expect(firstCells(rows)).toEqual(sorted.map(({ id }) => `of ${id}`));
          const { counts } = file;
          expect(counts.received).toBe(received.length);
          expect(counts.received).toBe(
            counts.outsideWindow + counts.duplicates + counts.alreadyExported + counts.written,
          );
          expect(counts.alreadyExported).toBe(0);
          expect(counts.written).toBe(inside.length);
          expect([file.firstEvent, file.lastEvent]).toEqual([sorted[0]?.time ?? null, sorted.at(-1)?.time ?? null]);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('exportEvents, the header of a CSV vendor', () => {
  test.each<[what: string, header: string[]]>([
    ['has another name', ['Time', 'Which']],
    ['has another order', ['What', 'Time']],
    ['is longer', ['Time', 'What', 'Who']],
    ['is shorter', ['Time']],
  ])('a later header that %s: throws `protocol`', async (_, header) => {
    const pages = [
      { slice: SLICE, header: ['Time', 'What'], events: [row(['1', 'a'], 11)] },
      { slice: { from: 20, to: 30 }, header, events: [] },
    ];
    expect(await failure(run(pages, csvVendor))).toMatchObject({
      kind: 'protocol',
      message: expect.stringContaining("The header of Acme's CSV changes"),
      next: expect.stringContaining('`env_name`'),
    });
  });

  test('a later header in which a line break of a name stands elsewhere: throws `protocol`', async () => {
    const pages = [
      { slice: SLICE, header: ['a\nb', 'c'], events: [] },
      { slice: SLICE, header: ['a', 'b\nc'], events: [] },
    ];
    expect(await failure(run(pages, csvVendor))).toMatchObject({ kind: 'protocol' });
  });

  test('a header that is missing on a later page: throws `protocol`', async () => {
    const pages = [
      { slice: SLICE, header: ['What'], events: [row(['a'], 11)] },
      { slice: SLICE, events: [row(['b'], 12)] },
    ];
    expect(await failure(run(pages, csvVendor))).toMatchObject({ kind: 'protocol' });
  });

  test('a list of columns is looked up in the header', async () => {
    const page = { slice: SLICE, header: ['Time', 'What'], events: [row(['1', 'a'], 11)] };
    const error = await failure(run([page], { ...csvVendor, asked: ['Waht'] }));
    expect(error).toMatchObject({ kind: 'input', message: 'Acme has no column Waht. Did you mean What?' });
  });
});

describe('exportEvents, the common table', () => {
  test('an event without a time: throws `input`', async () => {
    const page = { slice: SLICE, header: ['What'], events: [row(['a'])] };
    expect(await failure(run([page], { ...csvVendor, asked: 'common' }))).toMatchObject({
      kind: 'input',
      message: "No column of Acme's CSV reads as a time, which `common` needs.",
      where: 'input `columns`',
      next: 'Use `native`, or a list of native columns.',
    });
  });

  test('events with a time are written as `common`', async () => {
    const page = { slice: SLICE, header: ['What'], events: [row(['a'], 11)] };
    const { header = [], rows } = await run([page], { ...csvVendor, asked: 'common' });
    const cells = Object.fromEntries(header.map((name, index) => [name, rows[0]?.[index]]));
    expect(cells).toMatchObject({
      time: '1970-01-01T00:00:00.011Z',
      vendor: 'acme',
      org: 'acme-org',
      action: 'acted',
      raw: '{"What":"a"}',
    });
  });
});

/** Rows of earlier exports of the native table, from some instant on. */
function earlierOf(from: number, rows: readonly (readonly string[])[], more: Partial<Vendor> = {}): KnownRows {
  const earlier = new KnownRows(vendorOf(more), from);
  earlier.add({ header: more.format === 'csv' ? ['What'] : ['v', 'extra'], rows });
  return earlier;
}

describe('exportEvents, events from before the window', () => {
  const from = 15;

  test('late events are marked by the numbers of their rows, the first of which is 1', async () => {
    const events = [event('c', 15), event('a', 11), event('d', 16), event('b', 14.999)];
    const { rows, file } = await run([{ slice: SLICE, events }], { from, knownRows: earlierOf(10, []) });
    expect(firstCells(rows)).toEqual(['a', 'b', 'c', 'd']);
    expect(file.lateRows).toEqual([1, 2]);
    expect(file.counts).toEqual({ received: 4, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 4 });
    expect([file.firstEvent, file.lastEvent]).toEqual([11, 16]);
  });

  test('events that an earlier export holds are counted and left out', async () => {
    const events = [event('a', 11), event('b', 12), event('a', 11), event('c', 15)];
    const { rows, file } = await run([{ slice: SLICE, events }], { from, knownRows: earlierOf(10, [['a', '']]) });
    expect(firstCells(rows)).toEqual(['a', 'b', 'c']);
    expect(file.lateRows).toEqual([1, 2]);
    expect(file.counts).toEqual({ received: 4, outsideWindow: 0, duplicates: 0, alreadyExported: 1, written: 3 });
  });

  test('an event of the window is written though an earlier export holds an equal row', async () => {
    const events = [event('a', 14), event('a', 15)];
    const knownRows = earlierOf(10, [
      ['a', ''],
      ['a', ''],
    ]);
    const { rows, file } = await run([{ slice: SLICE, events }], { from, knownRows });
    expect(firstCells(rows)).toEqual(['a']);
    expect(file).toMatchObject({ lateRows: [], counts: { alreadyExported: 1, written: 1 }, firstEvent: 15 });
  });

  test('an event is known by its id, and a repetition counts as a duplicate', async () => {
    const knownRows = new KnownRows(vendorOf({ idColumn: 'id' }), 10);
    knownRows.add({ header: ['id', 'v', 'extra'], rows: [['A', 'old', '']] });
    const events = [event('a', 11, 'A'), event('b', 12, 'B'), event('a', 11, 'A'), event('b', 12, 'B')];
    const { rows, file } = await run([{ slice: SLICE, events }], { from, knownRows, idColumn: 'id' });
    expect(firstCells(rows)).toEqual(['b']);
    expect(file.counts).toEqual({ received: 4, outsideWindow: 0, duplicates: 2, alreadyExported: 1, written: 1 });
    expect(file.lateRows).toEqual([1]);
  });

  test('late events are marked on each slice, in the order of the vendor', async () => {
    const pages = [
      { slice: { from: 10, to: 20 }, header: ['What'], events: [row(['b'], 16), row(['a'], 11), row(['c'], 12)] },
      { slice: { from: 10, to: 20 }, header: ['What'], events: [row(['d'], 13), row(['e'], 17)] },
    ];
    const asked = { ...csvVendor, from, order: 'vendor' as const, knownRows: earlierOf(10, [['c']], csvVendor) };
    const { rows, file } = await run(pages, asked);
    expect(firstCells(rows)).toEqual(['b', 'a', 'd', 'e']);
    expect(file.lateRows).toEqual([2, 3]);
    expect(file.counts).toMatchObject({ received: 5, alreadyExported: 1, written: 4 });
  });

  test('late events are numbered through all parts of a table', async () => {
    const events = Array.from({ length: 9 }, (_, index) => event('x'.repeat(20), 11 + index));
    const made = run([{ slice: SLICE, events }], { from: 17, knownRows: earlierOf(10, []), maxBytes: 60 });
    // The plain name is given to no part.
    await expect(made).rejects.toMatchObject({ code: 'ENOENT' });
    path = join(folder, 'b.csv');
    const file = await exportOf([{ slice: SLICE, events }], { from: 17, knownRows: earlierOf(10, []), maxBytes: 60 });
    expect(file.files.map(({ name, rows }) => [name, rows])).toEqual(
      [2, 2, 2, 2, 1].map((rows, index) => [`b.part-00${index + 1}.csv`, rows]),
    );
    expect(file.lateRows).toEqual([1, 2, 3, 4, 5, 6]);
    expect(file.counts.written).toBe(9);
  });
});

describe('exportEvents, events without a time', () => {
  const page = (...cells: string[]): Page => ({
    slice: SLICE,
    header: ['What'],
    events: cells.map((cell) => row([cell])),
  });

  test('events without a time are not late, since nothing says that they are from before', async () => {
    const { rows, file } = await run([page('b', 'a')], { ...csvVendor, order: 'vendor', from: 15 });
    expect(firstCells(rows)).toEqual(['b', 'a']);
    expect(file).toMatchObject({ lateRows: [], counts: { received: 2, alreadyExported: 0, written: 2 } });
  });

  test('events without a time are known by their id', async () => {
    const knownRows = new KnownRows(vendorOf({ idColumn: 'id' }), 10);
    knownRows.add({ header: ['id', 'v'], rows: [['A', 'a']] });
    const events = [event('a', null, 'A'), event('b', null, 'B')];
    const { rows, file } = await run([{ slice: SLICE, events }], { from: 15, knownRows, idColumn: 'id' });
    expect(firstCells(rows)).toEqual(['b']);
    expect(file).toMatchObject({ lateRows: [], counts: { received: 2, alreadyExported: 1, written: 1 } });
  });

  test('an event is written though an equal row is from before all that was asked for again', async () => {
    // An earlier export holds one login, of a time at which nobody asks any more; another one follows in the window.
    const knownRows = earlierOf(10, [['login']], csvVendor);
    const exported = run([page('login')], { ...csvVendor, order: 'vendor', from: 15, knownRows });
    expect(await failure(exported)).toMatchObject({
      kind: 'input',
      message: expect.stringContaining('neither a time nor an id'),
      where: 'input `overlap`',
      next: expect.stringContaining('`overlap: PT0S`'),
    });
  });
});

describe('exportEvents, a chain of exports', () => {
  interface Entry {
    readonly time: number;
    /** When the vendor can answer it. */
    readonly stored: number;
    readonly v: string;
    readonly id: string;
  }
  const END = 1000;
  const OVERLAP = 60;
  const CELLS = ['a', 'b', '', 'a,b', '"', '\r\n', ' x ', '\ufeff', '=1+1', 'a\0b', '\ud800'];
  const ledgers = fc.array(
    fc.record({
      time: fc.oneof(fc.integer({ min: 0, max: END - 1 }), fc.constantFrom(0, 99, 100, 101, 500, END - 1)),
      late: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: OVERLAP })),
      v: fc.constantFrom(...CELLS),
    }),
    { maxLength: 40 },
  );
  const ends = fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: END - 1 }), fc.constantFrom(99, 100, 101, 500)), {
    maxLength: 6,
  });

  /** Answers with all that is stored by now, in the order in which it came; the slices are of 100 ms. */
  const stretchesAt = (ledger: readonly Entry[], now: number, ids: boolean): Vendor['segments'] =>
    function* ({ query }) {
      const there = ledger.filter(({ stored }) => stored <= now).sort((a, b) => a.stored - b.stored);
      for (const slice of sliceWindow(query.window, 100)) {
        const around = there.filter(({ time }) => time >= slice.from - 3 && time < slice.to + 3);
        const events = around.map(({ time, v, id }) => ({
          time,
          id: ids ? id : null,
          body: { ...(ids && { id }), at: formatInstant(time), v },
        }));
        yield stretchOf([{ slice, events }]);
      }
    };

  const names = (ids: boolean) => (ids ? ['id', 'at', 'v'] : ['at', 'v']);

  /** Exports the ledger up to each of these instants, going on from the one before. Gives the rows of each. */
  async function exportAll(
    ledger: readonly Entry[],
    ends: readonly number[],
    asked: { ids: boolean; columns: Columns },
  ) {
    const { ids, columns } = asked;
    const history = new MemoryHistory();
    const made: { rows: string[][]; table: ExportedTable; window: Window }[] = [];
    for (const [index, to] of ends.entries()) {
      const window = { from: ends[index - 1] ?? 0, to };
      const vendor = vendorOf({
        idColumn: ids ? 'id' : null,
        timeColumn: 'at',
        columns: names(ids).map((name) => ({ name, meaning: name })),
        segments: stretchesAt(ledger, to, ids),
      });
      const last = await history.last();
      const next = taskOf(window, { previous: last });
      const back = await lookBack({ history, next, overlapMs: OVERLAP, vendor, now: to, note: () => {} });
      const home = await mkdtemp(join(folder, 'one-'));
      const table = await exportEvents({
        vendor,
        session: { ...session, query: { ...session.query, window: { from: back.fetchFrom, to } } },
        org: 'acme-org',
        columns,
        path: join(home, 'a.csv'),
        maxBytes: 150,
        from: window.from,
        knownRows: back.knownRows,
        concurrency: 3,
        onProgress: () => {},
      });
      const csvs = await Promise.all(table.files.map(async ({ name, path: file }) => [name, await readFile(file)]));
      history.deliver(window, Object.fromEntries(csvs));
      const rows = csvs.flatMap(([, csv]) =>
        (parse(csv as Buffer, { record_delimiter: '\r\n' }) as string[][]).slice(1),
      );
      made.push({ rows, table, window });
    }
    return made;
  }

  const tables = fc.constantFrom<{ ids: boolean; columns: Columns }>(
    { ids: true, columns: 'native' },
    { ids: true, columns: 'common' },
    { ids: true, columns: ['v', 'id'] },
    { ids: true, columns: ['raw'] },
    { ids: false, columns: 'native' },
    { ids: false, columns: 'common' },
    { ids: false, columns: ['v', 'raw'] },
    { ids: false, columns: ['raw', 'time'] },
  );

  test('every event is in the chain once, however late it was stored within the overlap, and late ones are marked', async () => {
    await fc.assert(
      fc.asyncProperty(ledgers, ends, tables, async (drawn, instants, asked) => {
        const ledger = drawn.map(({ time, late, v }, index) => ({ time, stored: time + late, v, id: `e${index}` }));
        const ends = [...instants.sort((a, b) => a - b), END];
        const made = await exportAll(ledger, ends, asked);
        const plan = planTable({
          vendor: vendorOf({ columns: names(asked.ids).map((name) => ({ name, meaning: name })) }),
          org: 'acme-org',
          columns: asked.columns,
          header: null,
        });
        const rowOf = ({ time, v, id }: Entry) => {
          const body = { ...(asked.ids && { id }), at: formatInstant(time), v };
          return plan.row({ time, id: asked.ids ? id : null, body }).map((cell) => cell.toWellFormed());
        };
        const sorted = (rows: readonly string[][]) => rows.map((cells) => JSON.stringify(cells)).sort();
        // What came after the last export is for the next one.
        const stored = ledger.filter((entry) => entry.stored <= END);
        expect(sorted(made.flatMap(({ rows }) => rows))).toEqual(sorted(stored.map(rowOf)));

        for (const { rows, table, window } of made) {
          const { received, outsideWindow, duplicates, alreadyExported, written } = table.counts;
          expect(received).toBe(outsideWindow + duplicates + alreadyExported + written);
          expect(written).toBe(rows.length);
          expect(table.files.reduce((sum, file) => sum + file.rows, 0)).toBe(written);
          // What was stored after the end of the export before, though it had happened by then.
          const late = stored.filter((entry) => entry.time < window.from && entry.stored > window.from);
          expect(table.lateRows).toHaveLength(late.filter((entry) => entry.stored <= window.to).length);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('exportEvents, any memory and concurrency', () => {
  const SLICES = [10, 20, 30, 40].map((from): Window => ({ from, to: from + 10 }));
  const drawnEvent = fc.record({
    time: fc.integer({ min: 0, max: 9 }),
    v: fc.constantFrom('a', 'b', 'é', 'a,b', '"', '\r\n', ' x ', '\ud800', 'x'.repeat(400)),
    hasId: fc.boolean(),
  });
  /** Pages of each slice, and whether a page belongs to an answer that is retracted, or is split off. */
  const logs = fc.tuple(
    ...SLICES.map(() =>
      fc.array(
        fc.record({
          events: fc.array(drawnEvent, { maxLength: 6 }),
          again: fc.boolean(),
          isRetracted: fc.boolean(),
          waits: fc.boolean(),
        }),
        { maxLength: 5 },
      ),
    ),
  );

  /** Events in the order in which they come: first the retracted pages, then the others, of which some events come twice. */
  async function* walked(
    pages: readonly (Page & { waits: boolean; isRetracted: boolean })[],
  ): AsyncGenerator<Page | Retraction> {
    for (const { slice, events, waits, isRetracted } of pages) {
      const provisional = {};
      if (waits) await turn();
      if (isRetracted) {
        yield { slice, provisional, events };
        yield { retracted: provisional };
      }
      yield { slice, provisional, events };
    }
  }

  test('drawn segments make equal bytes', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.constantFrom<Columns>('native', 'common', ['v']), async (drawn, asked) => {
        let count = 0;
        const segments = drawn.map((pages, index) => {
          const slice = SLICES[index] as Window;
          return pages.flatMap(({ events: some, again, ...page }) => {
            const events = some.map(({ time, v, hasId }) =>
              event(v, slice.from + time, hasId ? `${index}-${count++}` : null),
            );
            const second = { ...page, slice, events: events.filter(({ id }) => id !== null) };
            return [{ ...page, slice, events }, ...(again ? [second] : [])];
          });
        });
        const made = async (concurrency: number, maxBytesInMemory: number, isSplit: boolean) => {
          path = join(await mkdtemp(join(folder, 'one-')), 'a.csv');
          const { counts, files } = await exportOf([], {
            asked,
            concurrency,
            maxBytesInMemory: maxBytesInMemory,
            segments: () =>
              isSplit
                ? [whole(segments)]
                : segments.map(
                    (pages): Segment =>
                      () =>
                        walked(pages),
                  ),
          });
          return { counts, files: files.map(({ name, rows, sha256: sum }) => ({ name, rows, sum })) };
        };
        /** One segment, which splits off all but its last part if it can. */
        const whole = (parts: typeof segments): Segment =>
          async function* (splitOff) {
            const [last = [], ...before] = parts.toReversed();
            await turn();
            if (before.length > 0) {
              const part = whole(before.toReversed());
              if (!splitOff(part)) yield* part(() => false);
            }
            yield* walked(last);
          };

        const alone = await made(1, 2 ** 20, false);
        expect(await made(1, 1, false)).toEqual(alone);
        expect(await made(3, 1, false)).toEqual(alone);
        expect(await made(4, 1500, false)).toEqual(alone);
        expect(await made(4, 1, true)).toEqual(alone);
      }),
      { numRuns: 20 },
    );
  });

  test('nothing is left beside the export, also where it fails', async () => {
    const events = Array.from({ length: 500 }, (_, index) => event('x'.repeat(100), 10 + (index % 10), String(index)));
    await run([{ slice: SLICE, events }], { maxBytesInMemory: 1 });
    expect(await readdir(folder)).toEqual(['a.csv']);
    await rm(path);
    const twice = [...events, event('other', 15, '5')];
    const error = await failure(run([{ slice: SLICE, events: twice }], { maxBytesInMemory: 1 }));
    expect(error).toMatchObject({ kind: 'protocol', message: expect.stringContaining('with different contents') });
    expect(await readdir(folder)).toEqual(['a.csv.partial']);
  });
});

describe('exportEvents, a failure', () => {
  const later: Window = { from: 20, to: 30 };

  /** Fails after a whole slice was written, if not before. */
  const failAfterOneSlice = (last: Segment, concurrency: number) =>
    failure(
      exportOf([], {
        concurrency,
        segments: () => [stretchOf([{ slice: SLICE, events: [event('a', 11, 'A')] }]), last],
      }),
    );

  test.each([1, 2])(
    'an error of the vendor comes out as it is, and no file has its final name: %d at a time',
    async (concurrency) => {
      const cause = new ExportError('unavailable', 'Acme could not answer.', { next: 'Try again.' });
      const last: Segment = async function* () {
        yield { slice: later, events: [event('b', 21, 'B')] };
        throw cause;
      };
      expect(await failAfterOneSlice(last, concurrency)).toBe(cause);
    },
  );

  test('an error of the table ends the walk of the vendor', async () => {
    const tidied = Promise.withResolvers<number>();
    const segments: Segment[] = [
      stretchOf([
        { slice: SLICE, events: [event('a', 11, 'A')] },
        { slice: SLICE, events: [event('other', 11, 'A')] },
      ]),
      async function* () {
        let pages = 0;
        try {
          for (; pages < 5_000; pages++) {
            await turn();
            yield { slice: later, events: [] };
          }
        } finally {
          tidied.resolve(pages);
        }
      },
    ];
    expect(await failure(exportOf([], { segments: () => segments }))).toMatchObject({ kind: 'protocol' });
    expect(await tidied.promise).toBeLessThan(5_000);
  });

  test('a disk that refuses: throws `destination`', async () => {
    path = join(folder, 'gone', 'a.csv');
    expect(await failure(run([]))).toMatchObject({ kind: 'destination', where: path });
  });
});
