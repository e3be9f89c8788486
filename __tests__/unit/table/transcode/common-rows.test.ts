import { describe, expect, test } from '@jest/globals';
import { encodeRow } from '../../../../src/csv/encode.ts';
import { RowBuffer } from '../../../../src/csv/row-buffer.ts';
import { inMemory } from '../../../../src/http/spool.ts';
import { asObject, type JsonObject, readJson } from '../../../../src/json/values.ts';
import { planTable } from '../../../../src/table/table-plan.ts';
import { type RowEvent, rowReader } from '../../../../src/table/transcode/event-reader.ts';
import { EventScanner } from '../../../../src/table/transcode/event-scanner.ts';
import { rowWriter } from '../../../../src/table/transcode/row-writer.ts';
import type { EventShape, Vendor } from '../../../../src/vendors/contract.ts';
import { vendorOf } from '../../chain.ts';

const where = 'GET /events';
const TIME = Date.UTC(2026, 10, 1);
const columns = ['id', 'at', 'a', 'b', 'actor', 'actor.name', 'actor.email'].map((name) => ({ name, meaning: '' }));
const SHAPE: EventShape = { columns, time: 'at', id: 'id', strings: [] };

const vendor: Vendor = vendorOf({
  columns,
  common: {
    action: { of: [], cell: () => 'go' },
    outcome: { of: ['b', 'none'], cell: (b, none) => (b === '' && none === '' ? 'success' : 'failure') },
    actor_type: 'a',
    actor_id: 'none',
    actor_name: 'actor',
    actor_email: { of: ['actor.name', 'a', 'actor.email'], cell: (...cells) => JSON.stringify(cells) },
  },
});

const eventOf = (fields: string): string =>
  `{"id":"i","at":"2026-11-01T00:00:00Z"${fields === '' ? '' : `,${fields}`}}`;
const fieldsOf = (source: string): JsonObject => readJson({ body: Buffer.from(source), where }) as JsonObject;

/** The rows, and how many of the events were parsed. */
async function found(events: readonly string[]): Promise<{ rows: readonly string[]; parsed: number }> {
  const maker = rowWriter(vendor, 'org', 'common');
  if (maker === null) throw new Error('The common table is made of bytes.');
  let parsed = 0;
  const download = { where, ...inMemory(Buffer.from(`[${events.join()}]`)) };
  const reading = rowReader(maker)(download, { field: null }, SHAPE, (element, at) => {
    parsed += 1;
    return { id: 'i', time: TIME, body: asObject(element, 'an event', at) };
  });
  const all: RowEvent[] = [];
  for await (const batch of reading) all.push(...batch);
  return { rows: all.map(({ body }) => body.bytes.toString('utf8', body.from, body.to)), parsed };
}

/** The row by way of objects and cells. */
function expectedRow(source: string): string {
  const { row } = planTable({ vendor, org: 'org', columns: 'common', header: null });
  return Buffer.from(encodeRow(row({ id: 'i', time: TIME, body: fieldsOf(source) }))).toString();
}

describe('rowReader, common table, an event scanned without parsing', () => {
  test.each([
    ['nothing', '', ['', '', ['', '', '']]],
    ['a text', '"a":"x, é 🦊"', ['x, é 🦊', '', ['', 'x, é 🦊', '']]],
    ['a text with a space at its end', '"a":"x "', ['x ', '', ['', 'x ', '']]],
    ['a text with escapes', String.raw`"a":"\"\\\t"`, ['"\\\t', '', ['', '"\\\t', '']]],
    ['a text with line ends', String.raw`"a":"x\n"`, ['x\n', '', ['', 'x\n', '']]],
    ['a number as it was written', '"a":1.10', ['1.10', '', ['', '1.10', '']]],
    ['true', '"a":true', ['true', '', ['', 'true', '']]],
    ['null', '"a":null', ['', '', ['', '', '']]],
    ['an object', '"a":{"x":[1.0,null]}', ['{"x":[1.0,null]}', '', ['', '{"x":[1.0,null]}', '']]],
    ['a part', '"actor":{"email":"e"}', ['', '', ['', '', 'e']]],
    ['all parts', '"actor":{"name":"n","email":5}', ['', '', ['n', '', '5']]],
    ['a whole where parts are known, too', '"actor":"bot"', ['', 'bot', ['', '', '']]],
  ] as const)('%s: has its cells and raw', async (_, fields, [a, actor, made]) => {
    const source = eventOf(fields);
    const { rows, parsed } = await found([source]);
    const due = ['2026-11-01T00:00:00Z', 'acme', 'org', 'i', 'go', 'success', a, '', actor, JSON.stringify(made)];
    expect(rows).toEqual([encodeRow([...due, '', '', '', '', '', source])]);
    expect(rows).toEqual([expectedRow(source)]);
    expect(parsed).toBe(0);
  });

  test('event after another: has nothing of the one before', async () => {
    const events = ['"a":"x","actor":{"name":"n","email":"e"}', '', '"actor":{"name":"m"}', '"a":1'].map(eventOf);
    expect(await found(events)).toEqual({ rows: events.map(expectedRow), parsed: 0 });
  });
});

test.each([
  ['a blank', '"a": 1'],
  ['a blank before a colon', '"a" :1'],
  ['a blank before a comma', '"a":1 ,"b":2'],
  ['a blank after a comma', '"a":1, "b":2'],
  ['a blank in an object', '"actor":{ "name":"n"}'],
  ['a line end at the end', '"a":1\n'],
  ['a slash with an escape', String.raw`"a":"\/"`],
  ['a character by its number', String.raw`"a":"\u00e9\u002c"`],
  ['a pair of surrogates by their numbers', String.raw`"b":"\ud83e\udd8a"`],
  ['half of a pair', String.raw`"a":"\ud83e","actor":{"z":"\udd8a"}`],
  ['a field that no column holds', '"z":{"a":[1, 2]},"b":1'],
])('rowReader, common table, an event with %s: is written without being parsed', async (_, fields) => {
  const events = [eventOf('"a":1'), eventOf(fields), eventOf('"a":2')];
  expect(await found(events)).toEqual({ rows: events.map(expectedRow), parsed: 0 });
});

test('rowReader, common table: has room for what an event becomes', async () => {
  const source = eventOf(`"b":[${Array.from({ length: 3000 }, () => '""').join()}]`);
  expect(await found([source, eventOf('')])).toEqual({ rows: [source, eventOf('')].map(expectedRow), parsed: 0 });
});

test.each([
  ['a list of columns', true, vendor, ['a']],
  ['the native table of a CSV vendor', false, { ...vendor, format: 'csv' }, 'native'],
  ['the common table of a CSV vendor', false, { ...vendor, format: 'csv' }, 'common'],
  ['the native table of a JSON vendor', true, vendor, 'native'],
  ['the common table of a JSON vendor', true, vendor, 'common'],
] as const)('rowWriter, %s: is there: %j', (_, isDue, of, asked) => {
  expect(rowWriter(of, 'org', asked) !== null).toBe(isDue);
});

test('EventScanner: rows of two responses may go into one memory', () => {
  const cells = new EventScanner(SHAPE);
  const rows = new RowBuffer();
  for (const value of ['"one"', '"two"', '"x,y"', '{"x":1}']) {
    const bytes = Buffer.from(`${eventOf(`"a":${value}`)},`);
    expect(cells.scan(bytes, 0, bytes.length - 1)).toBe(bytes.length - 1);
    rowWriter(vendor, 'org', 'native')?.write({ time: null, id: null }, cells, rows);
  }
  const due = ['one', 'two', '"x,y"', '"{""x"":1}"'];
  expect(rows.bytes.toString()).toBe(due.map((cell) => `i,2026-11-01T00:00:00Z,${cell},,,,,\r\n`).join(''));
});
