import { describe, expect, test } from '@jest/globals';
import { nearest } from '../../../src/base/did-you-mean.ts';
import { csvRow } from '../../../src/csv/csv-row.ts';
import { RowBuffer } from '../../../src/csv/row-buffer.ts';
import { type JsonObject, readJson } from '../../../src/json/values.ts';
import { COMMON_COLUMNS } from '../../../src/table/common-columns.ts';
import { checkColumns, planTable } from '../../../src/table/table-plan.ts';
import { TranscodedRow } from '../../../src/table/transcode/encoded-row.ts';
import type { Columns, Vendor, VendorEvent } from '../../../src/vendors/contract.ts';

const vendorOf = (columns: readonly string[] | null): Vendor => ({
  id: 'acme',
  name: 'Acme',
  document: { url: 'https://acme.test/docs', read: '2026-01-01' },
  hosts: { eu: 'https://acme.test' },
  org: { required: true, pattern: /./, form: 'a name' },
  headers: () => ({}),
  filters: [],
  format: columns === null ? 'csv' : 'json',
  columns: columns?.map((name) => ({ name, meaning: name })) ?? null,
  idColumn: null,
  timeColumn: null,
  order: 'time',
  retention: null,
  guide: { token: '', access: '', limits: [], unverified: [] },
  segments: () => [],
  common: { action: 'action' },
});

const eventOf = (body: VendorEvent['body'], time: number | null = null, id: string | null = null): VendorEvent => ({
  time,
  id,
  body,
});
const json = (source: string) => readJson({ body: Buffer.from(source), where: 'GET /' }) as JsonObject;

/** The row as an object, empty cells left out. */
function row(columns: readonly string[], source: string, asked: Columns = 'native') {
  const plan = planTable({ vendor: vendorOf(columns), org: 'o', columns: asked, header: null });
  const cells = plan.row(eventOf(json(source)));
  expect(cells).toHaveLength(plan.names.length);
  return Object.fromEntries(plan.names.map((name, index) => [name, cells[index]]).filter(([, cell]) => cell !== ''));
}

describe('planTable, native table of a JSON vendor', () => {
  test('names: are the documented columns in order, and extra last', () => {
    const { names } = planTable({ vendor: vendorOf(['b', 'a.x']), org: 'o', columns: 'native', header: null });
    expect(names).toEqual(['b', 'a.x', 'extra']);
  });

  test.each([
    ['scalars', ['a', 'b', 'c', 'd'], '{"a":"x","b":1.10,"c":false,"d":null}', { a: 'x', b: '1.10', c: 'false' }],
    ['an object and an array as JSON', ['a', 'b'], '{"a":{"x":1.10},"b":[1]}', { a: '{"x":1.10}', b: '[1]' }],
    ['a missing field', ['a'], '{}', {}],
    ['dotted columns', ['a.x', 'a.y'], '{"a":{"x":1,"y":{"z":2}}}', { 'a.x': '1', 'a.y': '{"z":2}' }],
    ['an unknown field', ['a'], '{"a":1,"n":null,"f":1.10}', { a: '1', extra: '{"n":null,"f":1.10}' }],
    ['an unknown part', ['a.x'], '{"a":{"x":1,"foo":2}}', { 'a.x': '1', extra: '{"a":{"foo":2}}' }],
    ['a scalar where parts are known', ['a.x'], '{"a":"bot"}', { extra: '{"a":"bot"}' }],
    ['a raw number where parts are known', ['a.x'], '{"a":1.10}', { extra: '{"a":1.10}' }],
    ['an array where parts are known', ['a.x'], '{"a":[1]}', { extra: '{"a":[1]}' }],
    ['null where parts are known', ['a.x'], '{"a":null}', {}],
    ['a whole beside parts: a scalar', ['a', 'a.x'], '{"a":"bot"}', { a: 'bot' }],
    ['a whole beside parts: an object', ['a', 'a.x'], '{"a":{"x":1,"y":2}}', { 'a.x': '1', extra: '{"a":{"y":2}}' }],
    ['a field with a dot in its own name', ['a.x'], '{"a.x":1}', { extra: '{"a.x":1}' }],
    ['__proto__', ['a'], '{"__proto__":{"a":1}}', { extra: '{"__proto__":{"a":1}}' }],
    ['__proto__ within', ['a.x'], '{"a":{"__proto__":{"x":1}}}', { extra: '{"a":{"__proto__":{"x":1}}}' }],
    ['what only a prototype has', ['toString', 'a.constructor'], '{"a":{}}', {}],
  ])('row of an event with %s', (_, columns, source, cells) => {
    expect(row(columns, source)).toEqual(cells);
  });
});

test('planTable, native table: a row has nothing of the one before', () => {
  const { row: rowOf } = planTable({ vendor: vendorOf(['a', 'b']), org: 'o', columns: 'native', header: null });
  expect(rowOf(eventOf(json('{"a":1,"z":2}')))).toEqual(['1', '', '{"z":2}']);
  expect(rowOf(eventOf(json('{"b":3}')))).toEqual(['', '3', '']);
});

describe('planTable, native table of a CSV vendor', () => {
  test('row: is what came', () => {
    const plan = planTable({ vendor: vendorOf(null), org: 'o', columns: 'native', header: ['z', '__proto__', '1'] });
    expect(plan.names).toEqual(['z', '__proto__', '1']);
    expect(plan.row(eventOf(csvRow(['a', '', 'c'])))).toEqual(['a', '', 'c']);
  });
});

describe('planTable, common table', () => {
  test('columns: are these, and each says what it means', () => {
    expect(COMMON_COLUMNS.map(({ name }) => name).join(' ')).toBe(
      'time vendor org id action outcome actor_type actor_id actor_name actor_email target_type target_id target_name source_ip user_agent raw',
    );
    for (const { meaning } of COMMON_COLUMNS) expect(meaning).toMatch(/\w.*\.$/);
  });

  test('names that the vendor uses for its own fields: mean the common columns', () => {
    const { id, vendor, raw } = row(['id', 'vendor', 'raw'], '{"id":"theirs","vendor":"theirs","raw":1}', 'common');
    expect([id, vendor, raw]).toEqual([undefined, 'acme', '{"id":"theirs","vendor":"theirs","raw":1}']);
  });

  test('CSV vendor before its header is known: is planned, unlike the native table', () => {
    const planned = (columns: Columns) => planTable({ vendor: vendorOf(null), org: 'o', columns, header: null });
    expect(planned('common').names).toHaveLength(COMMON_COLUMNS.length);
    expect(() => planned('native')).toThrow('before its header is known');
    expect(() => planned(['time'])).toThrow('before its header is known');
  });

  test('row of a JSON vendor: has its cells in order', () => {
    const plan = planTable({ vendor: vendorOf(['action']), org: 'o', columns: 'common', header: null });
    expect(plan.names).toEqual(COMMON_COLUMNS.map(({ name }) => name));
    const cells = plan.row(eventOf(json('{"action":"go","n":1.10}'), Date.UTC(2024, 0, 2, 3, 4, 5, 60), 'e1'));
    expect(cells.slice(0, 6)).toEqual(['2024-01-02T03:04:05.060Z', 'acme', 'o', 'e1', 'go', 'unknown']);
    expect(cells.slice(6, -1).join('')).toBe('');
    expect(cells.at(-1)).toBe('{"action":"go","n":1.10}');
  });

  test('row: has all that the vendor says of who did it, to what, and from where', () => {
    const said = {
      ...{ actor_type: 'user', actor_id: 'u1', actor_name: 'Ann', actor_email: 'ann@acme.test' },
      ...{ target_type: 'key', target_id: 'k1', target_name: 'Key', source_ip: '192.0.2.1', user_agent: 'curl' },
    };
    const fixed = Object.entries(said).map(([name, text]) => [name, { of: [], cell: () => text }]);
    const vendor: Vendor = { ...vendorOf(['a']), common: { action: 'a', ...Object.fromEntries(fixed) } };
    const { names, row: rowOf } = planTable({ vendor, org: 'o', columns: 'common', header: null });
    const cells = rowOf(eventOf(json('{}')));
    expect(cells.slice(names.indexOf('actor_type'), -1)).toEqual(Object.values(said));
    expect(Object.keys(said)).toEqual(names.slice(names.indexOf('actor_type'), -1));
  });

  test('list that names none of its made columns: their functions are not called', () => {
    const vendor: Vendor = {
      ...vendorOf(['a']),
      common: {
        action: {
          of: [],
          cell: () => {
            throw new Error('Nobody asked.');
          },
        },
      },
    };
    const rowOf = (columns: Columns) => planTable({ vendor, org: 'o', columns, header: null }).row;
    expect(rowOf(['a'])(eventOf(json('{"a":1}')))).toEqual(['1']);
    expect(rowOf(['a', 'vendor'])(eventOf(json('{"a":1}')))).toEqual(['1', 'acme']);
    expect(() => rowOf(['a', 'action'])(eventOf(json('{"a":1}')))).toThrow('Nobody asked.');
  });

  test('column made of native ones: is empty where they do not exist', () => {
    const common: Vendor['common'] = {
      action: { of: ['b', 'none', 'a.x'], cell: (...cells) => JSON.stringify(cells) },
      outcome: { of: ['b'], cell: (b) => (b === '1.10' ? 'success' : 'failure') },
      actor_name: 'none',
      actor_type: 'a.x',
    };
    const vendor: Vendor = { ...vendorOf(['a.x', 'b']), common };
    const { row: rowOf } = planTable({ vendor, org: 'o', columns: 'common', header: null });
    const said = (source: string) => rowOf(eventOf(json(source))).slice(4, 9);
    expect(said('{"a":{"x":"u"},"b":1.10}')).toEqual(['["1.10","","u"]', 'success', 'u', '', '']);
    expect(said('{}')).toEqual(['["","",""]', 'failure', '', '', '']);
  });

  test('row of a CSV vendor without time or id: has those cells empty', () => {
    const plan = planTable({ vendor: vendorOf(null), org: 'o', columns: 'common', header: ['action', '__proto__'] });
    const cells = plan.row(eventOf(csvRow(['go', 'p'])));
    expect(cells.slice(0, 6)).toEqual(['', 'acme', 'o', '', 'go', 'unknown']);
    expect(cells.at(-1)).toBe('{"action":"go","__proto__":"p"}');
  });
});

describe('planTable, a list of columns', () => {
  test('order: is kept, from either table, and the native one is preferred', () => {
    expect(row(['id', 'a'], '{"id":"native","a":1,"b":2}', ['vendor', 'extra', 'id'])).toEqual({
      vendor: 'acme',
      extra: '{"b":2}',
      id: 'native',
    });
  });

  test.each([
    [
      'an unknown name',
      ['a', 'acter.email'],
      'Acme has no column acter.email. Did you mean actor.email?',
      'Choose from',
    ],
    ['a name like no other', ['zzzzzzzzz'], 'Acme has no column zzzzzzzzz.', 'Choose from'],
    ['a name of Object', ['toString'], 'Acme has no column toString.', 'Choose from'],
    ['a name given twice', ['a', 'a'], '`columns` names a twice.', 'once'],
    ['no name', [], '`columns` names no column.', '`native`'],
  ])('%s: throws `input`', (_, columns, message, next) => {
    const vendor = vendorOf(['a', 'actor.email']);
    const refusal = { kind: 'input', message, where: 'input `columns`', next: expect.stringContaining(next) };
    expect(() => checkColumns(vendor, columns)).toThrow(expect.objectContaining(refusal));
    expect(() => planTable({ vendor, org: 'o', columns, header: null })).toThrow(message);
  });

  test('unknown column: the error lists the columns that exist', () => {
    const next = expect.stringMatching(/^Choose from: a, extra, time, vendor, .*raw\.$/);
    expect(() => checkColumns(vendorOf(['a']), ['b'])).toThrow(expect.objectContaining({ next }));
  });

  test('CSV vendor with documented columns: is checked at once, and has no extra', () => {
    const vendor: Vendor = { ...vendorOf(['a']), format: 'csv' };
    expect(() => checkColumns(vendor, ['a', 'time'])).not.toThrow();
    expect(() => checkColumns(vendor, ['extra'])).toThrow('no column extra');
  });

  test('CSV vendor without documented columns: is checked once the header is known', () => {
    expect(() => checkColumns(vendorOf(null), ['b'])).not.toThrow();
    expect(() => checkColumns(vendorOf(null), ['b', 'time'], ['b'])).not.toThrow();
    expect(() => checkColumns(vendorOf(null), ['b'], ['a'])).toThrow('no column b');
  });
});

describe('planTable, write', () => {
  const source = '{"a":"go"}';
  const encoded = 'as,it,is\r\n';
  const batch = { source: Buffer.from(`[${source}]`), encoded: Buffer.from(`before\r\n${encoded}after\r\n`) };
  const jsonRow = new TranscodedRow(batch, 8, 8 + encoded.length, 1, 1 + source.length, true);

  test.each<[string, Columns, string[] | null, VendorEvent['body'], string]>([
    ['a row that is encoded already, in the native table', 'native', ['a'], jsonRow, encoded],
    ['a row that is encoded already, in the common table', 'common', ['a'], jsonRow, encoded],
    ['an object, in the native table', 'native', ['a'], json('{"a":"x,","z":1}'), '"x,","{""z"":1}"\r\n'],
    ['an object, in a list', ['extra', 'a'], ['a'], json('{"a":"x"}'), ',x\r\n'],
    ['a row that was read, in the native table', 'native', null, csvRow(['x', 'y,']), 'x,"y,"\r\n'],
    ['a row that was read, in a list', ['b', 'vendor'], null, csvRow(['x', 'y']), 'y,acme\r\n'],
  ])('%s', (_, columns, documented, body, line) => {
    const header = documented === null ? ['a', 'b'] : null;
    const { write } = planTable({ vendor: vendorOf(documented), org: 'o', columns, header });
    const rows = new RowBuffer();
    write(eventOf(body), rows);
    expect(rows.bytes.toString()).toBe(line);
  });
});

describe('nearest', () => {
  test.each([
    ['acton', ['actor', 'action'], 'actor'],
    ['ACTION', ['actor', 'action'], 'action'],
    ['source_port', ['target_id', 'source_ip'], null],
    ['usr_agent', ['user_agent'], 'user_agent'],
    ['x', [], null],
  ])('%j among %j', (word, candidates, found) => {
    expect(nearest(word, candidates)).toBe(found);
  });

  test('word that is far too long: takes no time', () => {
    const begun = performance.now();
    expect(nearest('a'.repeat(1_000_000), ['actor', 'action', 'target_id'])).toBeNull();
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
