import { describe, expect, test } from '@jest/globals';
import { csvRow } from '../../../src/csv/csv-row.ts';
import { TranscodedRow } from '../../../src/table/transcode/encoded-row.ts';
import { AnswerStats, inWindow, MultisetSum, millisecondOf, sameRows } from '../../../src/vendors/answer-stats.ts';
import type { Page, VendorEvent } from '../../../src/vendors/contract.ts';

const WINDOW = { from: 10, to: 20 };

const eventAt = (time: number | null, id = String(time)): VendorEvent => ({ time, id, body: { id } });
const idsOf = (events: readonly VendorEvent[]) => events.map(({ id }) => id);

/** A look at events that come some at a time. */
function lookAt(...pages: readonly (readonly (number | null)[])[]): AnswerStats {
  const look = new AnswerStats(WINDOW);
  let count = 0;
  for (const page of pages) look.add(page.map((time) => eventAt(time, `${time}#${count++}`)));
  return look;
}

describe('AnswerStats', () => {
  test.each<[string, (number | null)[][], order: 'rises' | 'falls' | 'both' | 'none', timeless: boolean]>([
    ['no events', [], 'both', false],
    ['one', [[12]], 'both', false],
    ['some of one time', [[12, 12], [12]], 'both', false],
    ['newest first', [[14, 13], [12]], 'falls', false],
    ['newest first, with ties', [[14, 14], [14, 12], [12]], 'falls', false],
    ['newest first by less than a millisecond', [[12.5, 12.25]], 'falls', false],
    ['oldest first', [[12, 13], [14]], 'rises', false],
    ['oldest first, with ties', [[12], [12, 13], [13]], 'rises', false],
    ['first up, then down', [[12, 13], [12]], 'none', false],
    ['first down, then up', [[13, 12], [13]], 'none', false],
    ['ties, then up, then down', [[12, 12, 13, 13, 12]], 'none', false],
    ['one without a time', [[null]], 'none', true],
    ['one without a time among others', [[12], [null, 13]], 'none', true],
  ])('order of the events: %s', (_, pages, order, timeless) => {
    const look = lookAt(...pages);
    expect(look.window).toBe(WINDOW);
    expect(look.count).toBe(pages.flat().length);
    expect(look.isTimeless).toBe(timeless);
    expect(look.isInOrder).toBe(order !== 'none');
    expect(look.falls).toBe(order === 'falls');
  });

  test.each<[string, number[][], oldest: string[], newest: string[]]>([
    ['no events', [], [], []],
    ['one', [[12]], ['12#0'], ['12#0']],
    ['newest first', [[14, 13], [12]], ['12#2'], ['14#0']],
    ['oldest first', [[12], [13, 14]], ['12#0'], ['14#2']],
    [
      'newest first, ties at either end',
      [
        [14, 14],
        [13, 13],
        [12, 12],
      ],
      ['12#4', '12#5'],
      ['14#0', '14#1'],
    ],
    ['oldest first, ties at either end', [[12], [12, 13], [14], [14]], ['12#0', '12#1'], ['14#3', '14#4']],
    ['oldest first, in one millisecond', [[12.25], [12.5]], ['12.25#0', '12.5#1'], ['12.25#0', '12.5#1']],
    ['newest first, in one millisecond', [[12.5], [12.25]], ['12.5#0', '12.25#1'], ['12.5#0', '12.25#1']],
    ['oldest first, in two milliseconds', [[12.75, 13.25, 13.5]], ['12.75#0'], ['13.25#1', '13.5#2']],
  ])('outermost events of %s: are those of the first and the last millisecond', (_, pages, oldest, newest) => {
    expect(lookAt(...pages).outermost.map(idsOf)).toEqual([oldest, newest]);
  });
});

test.each([
  [[12], 12],
  [[12.75, 11], 12],
  [[-0.5], -1],
  [[null], Number.NaN],
  [[], Number.NaN],
])('millisecondOf: the first of %j is %d', (times, millisecond) => {
  expect(millisecondOf(times.map((time) => eventAt(time)))).toBe(millisecond);
});

test('inWindow: keeps the events of the window, and those without a time', () => {
  const events = [9, 9.999, 10, 15, null, 19.999, 20, 21].map((time) => eventAt(time));
  expect(idsOf(inWindow(WINDOW, events))).toEqual(['10', '15', 'null', '19.999']);
});

/** The same row in each of the forms in which a vendor's event may come. */
const jsonRow = (fields: object): VendorEvent => {
  const source = Buffer.from(` ${JSON.stringify(fields)} `);
  const body = new TranscodedRow({ source, encoded: source }, 0, 0, 1, source.length - 1, true);
  return { time: 10, id: null, body };
};
const object = (body: Record<string, string>): VendorEvent => ({ time: 10, id: null, body });
const cells = (...list: string[]): VendorEvent => ({ time: 10, id: null, body: csvRow(list) });

describe('sameRows', () => {
  test.each<[string, VendorEvent[], VendorEvent[], boolean]>([
    ['none and none', [], [], true],
    ['none and one', [], [object({})], false],
    ['the same object', [object({ a: '1' })], [object({ a: '1' })], true],
    ['another object', [object({ a: '1' })], [object({ a: '2' })], false],
    ['an object with another field', [object({ a: '1' })], [object({ b: '1' })], false],
    ['in another order', [object({ a: '1' }), object({ a: '2' })], [object({ a: '2' }), object({ a: '1' })], true],
    ['one twice, and the other', [cells('1'), cells('1'), cells('2')], [cells('1'), cells('2'), cells('2')], false],
    ['one of them alone', [cells('1'), cells('2')], [cells('1')], false],
    ['one alone of them', [cells('1')], [cells('1'), cells('2')], false],
    ['the same cells', [cells('1', '2')], [cells('1', '2')], true],
    ['other cells', [cells('1', '2')], [cells('1', '3')], false],
    ['cells cut otherwise', [cells('1,2')], [cells('1', '2')], false],
    ['the same fields, encoded already', [jsonRow({ a: '1' })], [jsonRow({ a: '1' })], true],
    ['other fields, encoded already', [jsonRow({ a: '1' })], [jsonRow({ a: '2' })], false],
    ['the same fields, one encoded already', [jsonRow({ a: '1' })], [object({ a: '1' })], true],
  ])('%s: %j', (_, some, others, isSame) => {
    expect(sameRows(some, others)).toBe(isSame);
    expect(sameRows(others, some)).toBe(isSame);
  });
});

describe('MultisetSum', () => {
  const pageOf = (events: readonly VendorEvent[], provisional?: object): Page => ({
    slice: WINDOW,
    events,
    ...(provisional !== undefined && { provisional }),
  });
  const sumOf = (...pages: Parameters<MultisetSum['add']>[0][]) => {
    const sums = new MultisetSum();
    for (const page of pages) sums.add(page);
    return sums.total();
  };
  const [one, two, three] = [eventAt(11), eventAt(12), eventAt(13)];

  test('no events: count and sum are zero', () => {
    expect(sumOf()).toEqual({ count: 0, sum: 0n });
    expect(new MultisetSum().provisionals()).toEqual([]);
  });

  test('one multiset in any order and in any pages: equal sums', () => {
    const all = sumOf(pageOf([one, two, three]));
    expect(all.count).toBe(3);
    expect(sumOf(pageOf([three]), pageOf([]), pageOf([two, one]))).toEqual(all);
    expect(sumOf(pageOf([three], {}), pageOf([two, one], {}))).toEqual(all);
    expect(sumOf(pageOf([one])).sum + sumOf(pageOf([two])).sum + sumOf(pageOf([three])).sum).toBe(all.sum);
  });

  test('another event, or one event twice: different sums', () => {
    const all = sumOf(pageOf([one, two]));
    expect(sumOf(pageOf([one, three]))).not.toEqual(all);
    expect(sumOf(pageOf([one, one]))).toMatchObject({ count: 2 });
    expect(sumOf(pageOf([one, one])).sum).not.toBe(all.sum);
  });

  test('events outside the slice: are left out', () => {
    expect(sumOf(pageOf([eventAt(9), one, eventAt(20), eventAt(null)]))).toEqual(sumOf(pageOf([one, eventAt(null)])));
  });

  test('a retracted answer: is left out', () => {
    const [gone, kept] = [{}, {}];
    const sums = new MultisetSum();
    sums.add(pageOf([one], gone));
    sums.add(pageOf([two], kept));
    sums.add(pageOf([three], gone));
    sums.add({ retracted: gone });
    expect(sums.total()).toEqual(sumOf(pageOf([two])));
    expect(sums.provisionals()).toEqual([kept]);
    expect(sums.provisionals()[0]).toBe(kept);
  });

  test('provisionals: has the provisional answers, and no pages that stay', () => {
    const draft = {};
    const sums = new MultisetSum();
    for (const page of [pageOf([one]), pageOf([two], draft), pageOf([three], draft)]) sums.add(page);
    expect(sums.provisionals()).toHaveLength(1);
    expect(sums.total().count).toBe(3);
  });
});
