import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { ExportError } from '../../src/errors.ts';
import { exportEvents } from '../../src/export.ts';
import type { Columns, Page, Session, Vendor, VendorEvent, Window } from '../../src/types.ts';

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
  note: () => {},
};

function vendorOf(pages: Vendor['pages'], more: Partial<Vendor> = {}): Vendor {
  return {
    id: 'acme',
    name: 'Acme',
    document: { url: 'https://acme.test/docs', read: '2026-01-01' },
    hosts: { cloud: 'https://acme.test' },
    org: { required: false, pattern: /./, form: 'a name' },
    headers: () => ({}),
    filters: [],
    format: 'json',
    columns: [{ name: 'v', meaning: 'a value' }],
    order: 'time',
    retention: null,
    guide: { token: '', access: '', limits: [], unverified: [] },
    pages,
    common: () => ({ action: 'acted', outcome: 'unknown' }),
    ...more,
  };
}
const csvVendor: Partial<Vendor> = { format: 'csv', columns: null };

interface Asked extends Partial<Vendor> {
  readonly asked?: Columns;
}

/** Exports these pages and reads the CSV, without its header, as independent readers do. */
async function run(pages: readonly Page[], { asked = 'native', ...vendor }: Asked = {}) {
  const written: [number, Window][] = [];
  const file = await exportEvents({
    vendor: vendorOf(async function* () {
      yield* pages;
    }, vendor),
    session,
    org: 'acme-org',
    columns: asked,
    path,
    onProgress: (count, upTo) => written.push([count, upTo]),
  });
  const bytes = await readFile(path);
  const [header, ...rows] = parse(bytes, { record_delimiter: '\r\n' }) as string[][];
  return { file, bytes, header, rows, written };
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
const row = (cells: readonly string[], time: number | null = null): VendorEvent => ({ time, id: null, body: cells });
const firstCells = (rows: readonly (readonly string[])[]): (string | undefined)[] => rows.map(([cell]) => cell);

describe('an export', () => {
  test('is the header and a row for each event, under its name, with its digest', async () => {
    const { file, bytes } = await run([{ slice: SLICE, events: [event('a', 11), event('b,"c"', 12)] }]);
    expect(String(bytes)).toBe('v,extra\r\na,\r\n"b,""c""",\r\n');
    expect(file).toEqual({
      path,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      columns: ['v', 'extra'],
      counts: { received: 2, cut: 0, repeated: 0, written: 2 },
      firstEvent: 11,
      lastEvent: 12,
    });
    expect(await readdir(folder)).toEqual(['a.csv']);
  });

  test.each<[what: string, pages: Page[]]>([
    ['no page at all', []],
    ['one empty page', [{ slice: SLICE, events: [] }]],
    ['events outside the window alone', [{ slice: SLICE, events: [event('a', 9), event('b', 20)] }]],
  ])('of %s is the header alone', async (_, pages) => {
    const { file, bytes } = await run(pages);
    expect(String(bytes)).toBe('v,extra\r\n');
    expect(file).toMatchObject({ columns: ['v', 'extra'], firstEvent: null, lastEvent: null });
    expect(file.counts.written).toBe(0);
  });

  test("of an empty answer in CSV is that answer's header", async () => {
    const { bytes, file } = await run([{ slice: SLICE, header: ['Time', 'What'], events: [] }], csvVendor);
    expect(String(bytes)).toBe('Time,What\r\n');
    expect(file.columns).toEqual(['Time', 'What']);
  });

  test('holds more events than are written at a time', async () => {
    const events = Array.from({ length: 4_501 }, (_, index) => event(String(index), 10 + (index % 10), String(index)));
    const { file, rows } = await run([{ slice: SLICE, events }]);
    expect(file.counts).toEqual({ received: 4_501, cut: 0, repeated: 0, written: 4_501 });
    expect(new Set(firstCells(rows)).size).toBe(4_501);
  });

  test('has the columns that are asked for, in that order', async () => {
    const { header, rows } = await run([{ slice: SLICE, events: [event('a', 11, 'id-1')] }], {
      asked: ['time', 'v', 'org', 'id'],
    });
    expect([header, ...rows]).toEqual([
      ['time', 'v', 'org', 'id'],
      ['1970-01-01T00:00:00.011Z', 'a', 'acme-org', 'id-1'],
    ]);
  });
});

describe('events', () => {
  test('are cut to their slice, its start included and its end not', async () => {
    const events = [9, 9.999, 10, 19, 19.999, 20, 21].map((time) => event(String(time), time));
    const { rows, file } = await run([{ slice: SLICE, events }]);
    expect(firstCells(rows)).toEqual(['10', '19', '19.999']);
    expect(file.counts).toEqual({ received: 7, cut: 4, repeated: 0, written: 3 });
    expect([file.firstEvent, file.lastEvent]).toEqual([10, 19.999]);
  });

  test('without a time are all kept, in the order of the vendor', async () => {
    const events = [row(['z']), row(['a']), row(['m'])];
    const { rows, file } = await run([{ slice: SLICE, header: ['What'], events }], { ...csvVendor, order: 'vendor' });
    expect(firstCells(rows)).toEqual(['z', 'a', 'm']);
    expect(file).toMatchObject({ counts: { received: 3, written: 3 }, firstEvent: null, lastEvent: null });
  });

  test('that come again by id are written once, on one page or on several', async () => {
    const pages = [
      { slice: SLICE, events: [event('a', 11, 'A'), event('a', 11, 'A'), event('b', 12, 'B')] },
      { slice: SLICE, events: [event('b', 12, 'B'), event('c', 13, 'C')] },
    ];
    const { rows, file } = await run(pages);
    expect(firstCells(rows)).toEqual(['a', 'b', 'c']);
    expect(file.counts).toEqual({ received: 5, cut: 0, repeated: 2, written: 3 });
  });

  test('that are alike but have no id are all written: they may be two', async () => {
    const { rows, file } = await run([{ slice: SLICE, events: [event('a', 11), event('a', 11)] }]);
    expect(firstCells(rows)).toEqual(['a', 'a']);
    expect(file.counts.repeated).toBe(0);
  });

  test('that two slices both received are written by the one they lie in', async () => {
    const border = event('border', 20, 'B');
    const { rows, file } = await run([
      { slice: { from: 10, to: 20 }, events: [event('a', 11, 'A'), border] },
      { slice: { from: 20, to: 30 }, events: [border, event('c', 21, 'C')] },
    ]);
    expect(firstCells(rows)).toEqual(['a', 'border', 'c']);
    expect(file.counts).toEqual({ received: 4, cut: 1, repeated: 0, written: 3 });
  });

  test('of one id with two contents are a contradiction of the vendor', async () => {
    const events = [event('granted', 11_000, 'A'), event('b', 11_001, 'B'), event('denied', 11_000, 'A')];
    const error = await failure(run([{ slice: { from: 10_000, to: 20_000 }, events }]));
    expect(error).toMatchObject({
      kind: 'protocol',
      message: 'Acme gave one event id twice, with different contents.',
      where: 'an event of 1970-01-01T00:00:11Z',
    });
    expect(`${error.message}${error.where}${error.next}`).not.toMatch(/granted|denied/);
  });

  test('of one id with two contents are one on other pages of the slice, and outside of the window, too', async () => {
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

describe('the order', () => {
  test('is by time, then by id, whatever the vendor answers first', async () => {
    const events = [event('4', 12, 'b'), event('1', 11, 'z'), event('3', 12, 'a'), event('2', 11.5, 'y')];
    const { rows } = await run([{ slice: SLICE, events }]);
    expect(firstCells(rows)).toEqual(['1', '2', '3', '4']);
  });

  test('of ties without an id is that of the vendor', async () => {
    const events = ['c', 'a', 'b'].map((v) => event(v, 12));
    const { rows } = await run([{ slice: SLICE, events: [...events, event('first', 11)] }]);
    expect(firstCells(rows)).toEqual(['first', 'c', 'a', 'b']);
  });

  test("stays the vendor's where that is kept", async () => {
    const header = ['What'];
    const events = [row(['late'], 18), row(['early'], 11), row(['mid'], 15)];
    const { rows, file } = await run([{ slice: SLICE, header, events }], { ...csvVendor, order: 'vendor' });
    expect(firstCells(rows)).toEqual(['late', 'early', 'mid']);
    expect([file.firstEvent, file.lastEvent]).toEqual([11, 18]);
  });

  test('is slice by slice, and each slice is told once it is written', async () => {
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

  test('keeps slices apart that are the same stretch of time, as several environments are', async () => {
    const header = ['What'];
    const pages = ['prod', 'test'].map((name) => ({
      slice: { ...SLICE },
      header,
      events: [row([`${name} late`], 18), row([`${name} early`], 11)],
    }));
    const { rows } = await run(pages, csvVendor);
    expect(firstCells(rows)).toEqual(['prod early', 'prod late', 'test early', 'test late']);
  });

  test('gives the same bytes for the same events, however they are paged, shuffled and repeated', async () => {
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
          expect(counts.received).toBe(counts.cut + counts.repeated + counts.written);
          expect(counts.written).toBe(inside.length);
          expect([file.firstEvent, file.lastEvent]).toEqual([sorted[0]?.time ?? null, sorted.at(-1)?.time ?? null]);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the header of a CSV vendor', () => {
  test.each<[what: string, header: string[]]>([
    ['has another name', ['Time', 'Which']],
    ['has another order', ['What', 'Time']],
    ['is longer', ['Time', 'What', 'Who']],
    ['is shorter', ['Time']],
  ])('must not change: one %s', async (_, header) => {
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

  test('must not change by where a line break in a name stands', async () => {
    const pages = [
      { slice: SLICE, header: ['a\nb', 'c'], events: [] },
      { slice: SLICE, header: ['a', 'b\nc'], events: [] },
    ];
    expect(await failure(run(pages, csvVendor))).toMatchObject({ kind: 'protocol' });
  });

  test('must not go missing on a later page', async () => {
    const pages = [
      { slice: SLICE, header: ['What'], events: [row(['a'], 11)] },
      { slice: SLICE, events: [row(['b'], 12)] },
    ];
    expect(await failure(run(pages, csvVendor))).toMatchObject({ kind: 'protocol' });
  });

  test('is where a list of columns is looked up', async () => {
    const page = { slice: SLICE, header: ['Time', 'What'], events: [row(['1', 'a'], 11)] };
    const error = await failure(run([page], { ...csvVendor, asked: ['Waht'] }));
    expect(error).toMatchObject({ kind: 'input', message: 'Acme has no column Waht. Did you mean What?' });
  });
});

describe('the common table', () => {
  test('is refused where an event has no time', async () => {
    const page = { slice: SLICE, header: ['What'], events: [row(['a'])] };
    expect(await failure(run([page], { ...csvVendor, asked: 'common' }))).toMatchObject({
      kind: 'input',
      message: "No column of Acme's CSV reads as a time, which `common` needs.",
      where: 'input `columns`',
      next: 'Use `native`, or a list of native columns.',
    });
  });

  test('is written where every event has one', async () => {
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

describe('a failure', () => {
  /** Fails after a whole slice was written, and says whether the vendor could tidy up. */
  async function failAfterOneSlice(last: () => Promise<Page>) {
    let tidied = false;
    const pages = async function* (): AsyncGenerator<Page> {
      try {
        yield { slice: SLICE, events: [event('a', 11, 'A')] };
        yield await last();
        yield { slice: { from: 20, to: 30 }, events: [] };
      } finally {
        tidied = true;
      }
    };
    const options = { session, org: '', columns: 'native' as const, path, onProgress: () => {} };
    return { error: await failure(exportEvents({ ...options, vendor: vendorOf(pages) })), tidied };
  }

  test('of the vendor comes out as it is, and no file has the final name', async () => {
    const cause = new ExportError('unavailable', 'Acme could not answer.', { next: 'Try again.' });
    const { error } = await failAfterOneSlice(() => Promise.reject(cause));
    expect(error).toBe(cause);
  });

  test('of the table ends the vendor as well', async () => {
    const { error, tidied } = await failAfterOneSlice(async () => ({
      slice: SLICE,
      events: [event('other', 11, 'A')],
    }));
    expect(error).toMatchObject({ kind: 'protocol' });
    expect(tidied).toBe(true);
  });

  test('of the disk is a `destination` error', async () => {
    path = join(folder, 'gone', 'a.csv');
    expect(await failure(run([]))).toMatchObject({ kind: 'destination', where: path });
  });
});
