import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ExportedRows, KnownRows } from '../../../src/export/known-rows.ts';
import { formatInstant } from '../../../src/time/instant.ts';
import type { Vendor } from '../../../src/vendors/contract.ts';
import { vendorOf } from '../chain.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const at = (seconds: number): string => formatInstant(NOON + seconds * 1000);

const withIds = vendorOf({ idColumn: 'event_uuid', timeColumn: 'at' });
const withoutIds = vendorOf({ timeColumn: 'at' });

/** What these tables hold from noon on. */
function earlierOf(vendor: Vendor, ...tables: ExportedRows[]): KnownRows {
  const earlier = new KnownRows(vendor, NOON);
  for (const table of tables) earlier.add(table);
  return earlier;
}

/** How many of so many equal events are found. */
const found = (
  earlier: KnownRows,
  header: string[],
  cells: string[],
  asked: number,
  id: string | null = null,
): number => Array.from({ length: asked }).filter(() => earlier.consume(header, cells, id)).length;

describe('KnownRows, an event with an id', () => {
  const header = ['event_uuid', 'at', 'what'];
  const table = { header, rows: [['A', at(1), 'login']] };

  test('the event is known by its id, whatever else has changed, and as often as it comes', () => {
    expect(found(earlierOf(withIds, table), header, ['A', at(9), 'renamed'], 3, 'A')).toBe(3);
  });

  test('the event is new where its id is new, though all other cells are equal', () => {
    expect(earlierOf(withIds, table).consume(header, ['B', at(1), 'login'], 'B')).toBe(false);
    expect(earlierOf(withIds).consume(header, ['A', at(1), 'login'], 'A')).toBe(false);
  });

  test('the event is known by the id of a `common` table', () => {
    const common = ['time', 'id', 'action'];
    const earlier = earlierOf(withIds, { header: common, rows: [[at(1), 'A', 'login']] });
    expect(earlier.consume(common, [at(1), 'A', 'login'], 'A')).toBe(true);
    expect(earlier.consume(common, [at(1), 'B', 'login'], 'B')).toBe(false);
  });

  test('the event is known by its row where the exported columns hold no id', () => {
    const raw = '{"event_uuid":"A"}';
    const earlier = earlierOf(withIds, { header: ['raw'], rows: [[raw]] });
    expect(found(earlier, ['raw'], [raw], 2, 'A')).toBe(1);
    expect(earlier.consume(['raw'], ['{"event_uuid":"B"}'], 'B')).toBe(false);
  });

  test('the event is known in each of several tables with old and new columns', () => {
    const earlier = earlierOf(withIds, table, { header: ['event_uuid'], rows: [['B'], ['C']] });
    for (const id of ['A', 'B', 'C']) expect(earlier.consume(['event_uuid'], [id], id)).toBe(true);
  });
});

describe('KnownRows, an event without an id', () => {
  const header = ['at', 'what'];

  test('the event is known as often as it was exported: two equal rows are two events', () => {
    const login = [at(1), 'login'];
    const earlier = earlierOf(withoutIds, { header, rows: [login, [at(2), 'logout'], login] });
    expect(found(earlier, header, login, 5)).toBe(2);
    expect(found(earlier, header, [at(2), 'logout'], 5)).toBe(1);
    expect(found(earlier, header, [at(3), 'login'], 5)).toBe(0);
  });

  test('the event is known exactly as often as all tables together hold it', () => {
    const row = fc.tuple(fc.constantFrom(at(0), at(1)), fc.constantFrom('a', 'b', 'a,b', '"', '', '\r\n'));
    fc.assert(
      fc.property(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 4 }), fc.array(row), (tables, asked) => {
        const earlier = earlierOf(withoutIds, ...tables.map((rows) => ({ header, rows })));
        const left = tables.flat().map((cells) => JSON.stringify(cells));
        for (const cells of asked) {
          const place = left.indexOf(JSON.stringify(cells));
          expect(earlier.consume(header, cells, null)).toBe(place >= 0);
          if (place >= 0) left.splice(place, 1);
        }
      }),
    );
  });

  test('cells that join to equal text in another way are another event', () => {
    const earlier = earlierOf(vendorOf(), { header: ['a', 'b'], rows: [['1,2', '3']] });
    expect(earlier.consume(['a', 'b'], ['1', '2,3'], null)).toBe(false);
    expect(earlier.consume(['a', 'b'], ['1,2', '3'], null)).toBe(true);
  });

  test('a lone surrogate is known again by the bytes that it was exported as', () => {
    const exported = Buffer.from('half a \ud83d').toString();
    const earlier = earlierOf(withoutIds, { header, rows: [[at(1), exported]] });
    expect(earlier.consume(header, [at(1), 'half a \ud83d'], null)).toBe(true);
  });
});

describe('KnownRows, a table with the columns of an older version', () => {
  test('rows are compared by the columns that both tables have', () => {
    const earlier = earlierOf(withoutIds, { header: ['gone', 'at', 'what'], rows: [['x', at(1), 'login']] });
    const header = ['what', 'new', 'at'];
    expect(earlier.consume(header, ['logout', 'y', at(1)], null)).toBe(false);
    expect(found(earlier, header, ['login', 'y', at(1)], 3)).toBe(1);
  });

  test('rows are compared without `extra`, since a new column may hold fields that were in it', () => {
    const earlier = earlierOf(withoutIds, { header: ['at', 'extra'], rows: [[at(1), '{"role":"admin"}']] });
    expect(earlier.consume(['at', 'role', 'extra'], [at(1), 'admin', ''], null)).toBe(true);
  });

  test('rows are compared with `extra` where all columns are equal', () => {
    const header = ['at', 'extra'];
    const earlier = earlierOf(withoutIds, { header, rows: [[at(1), '{"n":1}']] });
    expect(earlier.consume(header, [at(1), '{"n":2}'], null)).toBe(false);
    expect(earlier.consume(header, [at(1), '{"n":1}'], null)).toBe(true);
  });

  test('tables with older columns stand beside tables with equal columns', () => {
    const header = ['at', 'what'];
    const earlier = earlierOf(
      withoutIds,
      { header: ['at', 'what', 'old'], rows: [[at(1), 'login', 'x']] },
      { header, rows: [[at(1), 'login']] },
    );
    expect(found(earlier, header, [at(1), 'login'], 3)).toBe(2);
  });

  test('a table without a shared column makes no event known', () => {
    const earlier = earlierOf(vendorOf(), { header: ['a', 'extra'], rows: [['1', '']] });
    expect(earlier.consume(['b', 'extra'], ['2', ''], null)).toBe(false);
  });
});

describe('KnownRows, rows from before the start', () => {
  test.each([
    ['of the native table', ['at', 'what']],
    ['of the `common` table', ['time', 'action']],
  ])('rows %s are dropped before the start, and kept at its first instant', (_, header) => {
    const rows = [at(-1), formatInstant(NOON - 1), at(0), at(1)].map((time) => [time, 'login']);
    const earlier = earlierOf(withoutIds, { header, rows });
    expect(rows.map((cells) => earlier.consume(header, cells, null))).toEqual([false, false, true, true]);
  });

  test('older rows are dropped with their ids', () => {
    const header = ['event_uuid', 'at'];
    const earlier = earlierOf(withIds, { header, rows: ['A', 'B'].map((id, index) => [id, at(index - 1)]) });
    expect(['A', 'B'].map((id) => earlier.consume(header, [id, ''], id))).toEqual([false, true]);
  });

  test.each(['', 'yesterday', '1732190400', '21.11.2026'])('rows whose time cannot be read are kept: %j', (time) => {
    const header = ['at', 'what'];
    const earlier = earlierOf(withoutIds, { header, rows: [[time, 'login']] });
    expect(earlier.consume(header, [time, 'login'], null)).toBe(true);
  });

  test('rows are kept where no column holds their time', () => {
    const earlier = earlierOf(vendorOf({ timeColumn: null }), { header: ['raw'], rows: [['{}']] });
    expect(earlier.consume(['raw'], ['{}'], null)).toBe(true);
    expect(earlier.consume(['raw'], ['{}'], null)).toBe(false);
  });
});
