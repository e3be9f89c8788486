import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import type { DeliveredExport } from '../../../src/delivery/delivered-export.ts';
import { lookBack } from '../../../src/delivery/history.ts';
import type { ExportTask } from '../../../src/delivery/next-export.ts';
import { formatInstant } from '../../../src/time/instant.ts';
import type { Window } from '../../../src/time/window.ts';
import type { Vendor } from '../../../src/vendors/contract.ts';
import { MemoryHistory, taskOf, vendorOf } from '../chain.ts';

const HOUR_MS = 3_600_000;
const NOON = Date.UTC(2026, 10, 21, 12);
const hour = (hours: number): number => NOON + hours * HOUR_MS;
const HEADER = ['at', 'v'];
const plain = vendorOf({ timeColumn: 'at' });

/** A chain whose exports end at these hours, each with one event at its start; the files are named after their hours. */
function chainOf(...ends: number[]) {
  const history = new MemoryHistory();
  const links = ends.slice(1).map((to, index) => {
    const from = ends[index] ?? 0;
    const csv = `${HEADER}\r\n${formatInstant(hour(from))},of ${from}\r\n`;
    return history.deliver({ from: hour(from), to: hour(to) }, { [`${from}..${to}.csv`]: csv });
  });
  return { history, links };
}

interface Asked {
  readonly overlap: number;
  readonly more?: Partial<ExportTask>;
  readonly vendor?: Vendor;
  readonly now?: number;
}

/** Looks back from the end of the last export on. */
async function look(history: MemoryHistory, { overlap, more = {}, vendor = plain, now = hour(48) }: Asked) {
  const last = await history.last();
  const window: Window = { from: last?.window.to ?? NOON, to: hour(48) };
  const notes: string[] = [];
  const next = taskOf(window, { previous: last, ...more });
  const overlapMs = overlap * HOUR_MS;
  const back = await lookBack({ history, next, overlapMs, vendor, now, note: (text) => notes.push(text) });
  return { ...back, notes, hours: (back.fetchFrom - NOON) / HOUR_MS };
}

describe('lookBack: no late events are looked for', () => {
  test('no earlier export: fetches the window alone', async () => {
    expect(await look(new MemoryHistory(), { overlap: 5 })).toMatchObject({
      fetchFrom: NOON,
      knownRows: null,
      notes: [],
    });
  });

  test('an overlap of nothing: fetches the window alone', async () => {
    const { history } = chainOf(0, 1, 2);
    expect(await look(history, { overlap: 0 })).toMatchObject({ hours: 2, knownRows: null, notes: [] });
    expect(history.reads).toEqual([]);
  });

  test('the vendor keeps nothing before the window: fetches the window alone', async () => {
    const { history } = chainOf(0, 1, 2);
    const window = { from: hour(20), to: hour(48) };
    const back = await look(history, { overlap: 5, more: { window, gap: { from: hour(2), to: hour(20) } } });
    expect(back).toMatchObject({ hours: 20, knownRows: null, notes: [] });
    expect(history.reads).toEqual([]);
  });
});

describe('lookBack: the overlap before the window', () => {
  test('earlier exports: fetches from the start of the overlap, and knows the rows exported there', async () => {
    const { history } = chainOf(0, 1, 2, 3);
    const { hours, knownRows, notes } = await look(history, { overlap: 1.5 });
    expect(hours).toBe(1.5);
    expect(notes).toEqual([]);
    expect(history.reads.toSorted()).toEqual(['1..2.csv', '2..3.csv']);
    const takes = (from: number) => knownRows?.consume(HEADER, [formatInstant(hour(from)), `of ${from}`], null);
    expect([takes(2), takes(2)]).toEqual([true, false]);
    // Before the overlap, in an export that reaches into it.
    expect(takes(1)).toBe(false);
  });

  test('an export with a copy for spreadsheets: known rows come from the CSV alone', async () => {
    const { history, links } = chainOf(0, 1);
    const copies = links.flatMap(({ files }) => files.map((file) => ({ ...file, name: `copy of ${file.name}` })));
    history.deliver({ from: hour(1), to: hour(2) }, { '1..2.csv': `${HEADER}\r\n` }, { copies });
    await look(history, { overlap: 1.5 });
    expect(history.reads.toSorted()).toEqual(['0..1.csv', '1..2.csv']);
  });

  test('the overlap begins where the last export does: reads that export alone', async () => {
    const { history } = chainOf(0, 1, 2);
    expect((await look(history, { overlap: 1 })).hours).toBe(1);
    expect(history.reads).toEqual(['1..2.csv']);
  });

  test('the first export begins inside the overlap: fetches from its start', async () => {
    const { history } = chainOf(0, 1, 2);
    expect(await look(history, { overlap: 100 })).toMatchObject({ hours: 0, notes: [] });
    expect(history.reads).toHaveLength(2);
  });

  test('an export after a gap: fetches from its start, since the vendor keeps nothing before', async () => {
    const { history } = chainOf(0, 1);
    const window = { from: hour(5), to: hour(6) };
    history.deliver(window, { '5..6.csv': `${HEADER}\r\n` }, { gap: true });
    expect(await look(history, { overlap: 4 })).toMatchObject({ hours: 5, notes: [] });
    expect(history.reads).toEqual(['5..6.csv']);
  });

  test('the previous export is no longer there: fetches from where the chain breaks, with a note', async () => {
    const { history, links } = chainOf(0, 1, 2, 3);
    history.remove(links[1] as DeliveredExport);
    const { hours, notes } = await look(history, { overlap: 3 });
    expect(hours).toBe(2);
    expect(notes).toEqual([expect.stringContaining('from 2026-11-21T14:00:00Z on')]);
    expect(history.reads).toEqual(['2..3.csv']);
  });

  test(`the overlap begins before the vendor's retention: fetches from the oldest instant kept`, async () => {
    const { history } = chainOf(0, 1, 2, 3);
    const vendor = vendorOf({ retention: 24 * HOUR_MS, timeColumn: 'at' });
    expect((await look(history, { overlap: 3, vendor, now: hour(25.5) })).hours).toBe(1.5);
    expect(history.reads.toSorted()).toEqual(['1..2.csv', '2..3.csv']);
  });

  test(`the vendor stops keeping the window's start meanwhile: fetches from that start at the latest`, async () => {
    const { history } = chainOf(0, 1);
    const vendor = vendorOf({ retention: 24 * HOUR_MS, timeColumn: 'at' });
    const { fetchFrom } = await look(history, { overlap: 1, vendor, now: hour(25) + 1000 });
    expect(fetchFrom).toBeLessThanOrEqual(hour(1));
  });

  test('an overlap that begins before 1970: fetches from 1970', async () => {
    const history = new MemoryHistory();
    history.deliver({ from: 0, to: HOUR_MS }, { 'a.csv': 'v\r\n' });
    expect((await look(history, { overlap: 5 })).fetchFrom).toBe(0);
  });
});

describe('lookBack: reading earlier exports', () => {
  test('an export in parts: all parts are read', async () => {
    const history = new MemoryHistory();
    const [one, two] = ['a', 'b'].map((v) => `${HEADER}\r\n${formatInstant(hour(0))},${v}\r\n`);
    history.deliver({ from: hour(0), to: hour(1) }, { 'part-001.csv': one ?? '', 'part-002.csv': two ?? '' });
    const { knownRows } = await look(history, { overlap: 1 });
    const rows = ['a', 'b', 'c'].map((v) => [formatInstant(hour(0)), v]);
    expect(rows.map((cells) => knownRows?.consume(HEADER, cells, null))).toEqual([true, true, false]);
  });

  test('exports that may hold events of the overlap: are read, and no others', async () => {
    const chains = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(chains, fc.integer({ min: 1, max: 80 }), async (lengths, overlap) => {
        const ends = [0];
        for (const length of lengths) ends.push((ends.at(-1) ?? 0) + length);
        const { history, links } = chainOf(...ends);
        const { hours } = await look(history, { overlap });
        const end = ends.at(-1) ?? 0;
        expect(hours).toBe(Math.max(0, end - overlap));
        const reaching = links.filter(({ window }) => window.to > hour(hours));
        expect(history.reads.toSorted()).toEqual(
          reaching.flatMap(({ files }) => files.map(({ name }) => name)).toSorted(),
        );
      }),
    );
  });

  test('a damaged export: throws, and is not taken for missing', async () => {
    const { history } = chainOf(0, 1);
    const cause = new ExportError('destination', 'The last export is damaged.', { next: 'Restore it.' });
    history.read = () => Promise.reject(cause);
    await expect(look(history, { overlap: 1 })).rejects.toBe(cause);
    const { history: other } = chainOf(0, 1, 2);
    other.before = () => Promise.reject(cause);
    await expect(look(other, { overlap: 2 })).rejects.toBe(cause);
  });

  test('rows with any text, a NUL too: are known', async () => {
    const history = new MemoryHistory();
    history.deliver({ from: hour(0), to: hour(1) }, { 'a.csv': `${HEADER}\r\n${formatInstant(hour(0))},a\0b\r\n` });
    const { knownRows } = await look(history, { overlap: 1 });
    expect(knownRows?.consume(HEADER, [formatInstant(hour(0)), 'a\0b'], null)).toBe(true);
  });
});
