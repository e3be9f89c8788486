import { describe, expect, test } from '@jest/globals';
import { ExportError } from '../../../../src/base/errors.ts';
import { encodeRow } from '../../../../src/csv/encode.ts';
import type { Download } from '../../../../src/http/call.ts';
import { inMemory } from '../../../../src/http/spool.ts';
import type { ArrayLocation } from '../../../../src/json/envelope.ts';
import { asObject, type JsonObject, readJson, requireInstant, requireString } from '../../../../src/json/values.ts';
import { nativeRow } from '../../../../src/table/native-columns.ts';
import { type RowEvent, rowReader } from '../../../../src/table/transcode/event-reader.ts';
import { rowWriter } from '../../../../src/table/transcode/row-writer.ts';
import type { EventShape, VendorEvent } from '../../../../src/vendors/contract.ts';
import { vendorOf } from '../../chain.ts';

const where = 'GET /events';
const DATA = { field: 'data' } as const;
const SHAPE: EventShape = {
  columns: ['id', 'at', 'a', 'b', 'o', 'o.x', 'p.type', 'p.more'].map((name) => ({ name, meaning: '' })),
  time: 'at',
  id: 'id',
  strings: [['p.type']],
};

const whole = (body: string | Buffer): Download => ({ where, ...inMemory(Buffer.from(body)) });

/** The body as it comes from a disk, in pieces of one size. */
const inPieces = (body: string | Buffer, size: number): Download => ({
  ...whole(body),
  body: null,
  async *chunks() {
    const bytes = Buffer.from(body);
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  },
});

/** The same in two pieces. */
const cutAt = (bytes: Buffer, cut: number): Download => ({
  ...whole(bytes),
  body: null,
  async *chunks() {
    yield bytes.subarray(0, cut);
    yield bytes.subarray(cut);
  },
});

function readEvent(element: unknown, at: string): VendorEvent {
  const body = asObject(element, 'an event', at);
  requireString(asObject(body['p'], '`p`', at), 'type', at);
  return { id: requireString(body, 'id', at), time: requireInstant(body, 'at', at), body };
}

const maker = rowWriter(vendorOf({ columns: SHAPE.columns }), 'acme', 'native');
if (maker === null) throw new Error('The native table is made of bytes.');
const readRows = rowReader(maker);

interface Found {
  readonly batches: readonly (readonly RowEvent[])[];
  readonly rows: readonly string[];
  readonly rest: JsonObject | null;
  /** How many elements were parsed. */
  readonly parsed: number;
}

async function found(download: Download, place: ArrayLocation = DATA): Promise<Found> {
  let parsed = 0;
  const reading = readRows(download, place, SHAPE, (element, at) => {
    parsed += 1;
    return readEvent(element, at);
  });
  const batches: (readonly RowEvent[])[] = [];
  const rows: string[] = [];
  for (;;) {
    const next = await reading.next();
    if (next.done === true) return { batches, rows, rest: next.value, parsed };
    batches.push(next.value);
    rows.push(...next.value.map(({ body }) => body.bytes.toString('utf8', body.from, body.to)));
  }
}

const NEEDED = '"id":"i","at":"2026-11-01T00:00:00Z","p":{"type":"t"}';
const event = (fields: string): string => `{${NEEDED}${fields === '' ? '' : `,${fields}`}}`;
const bodyOf = (...events: readonly string[]): string => `{"data":[${events.join(',')}]}`;

const fieldsOf = (source: string): JsonObject => readJson({ body: Buffer.from(source), where }) as JsonObject;

/** The row by way of objects and cells. */
const expectedRow = (source: string): string =>
  encodeRow(nativeRow(SHAPE.columns)(fieldsOf(source)).map((cell) => cell.toWellFormed()));

const NESTED = (levels: number): string => `${'['.repeat(levels)}1${']'.repeat(levels)}`;

describe('rowReader, an event that is written plainly: becomes a row without being parsed', () => {
  test.each([
    ['what is needed', '', 'i,2026-11-01T00:00:00Z,,,,,t,,'],
    ['a text', '"a":"text é 🦊"', 'i,2026-11-01T00:00:00Z,text é 🦊,,,,t,,'],
    ['an empty text', '"a":"","b":"b"', 'i,2026-11-01T00:00:00Z,,b,,,t,,'],
    ['commas, spaces, a byte order mark', '"a":"x,y","b":" x","o":"x "', 'i,2026-11-01T00:00:00Z,"x,y"," x","x ",,t,,'],
    ['a byte order mark', '"a":"\ufeffx","b":"x\ufeff"', 'i,2026-11-01T00:00:00Z,"\ufeffx",x\ufeff,,,t,,'],
    ['quotes', String.raw`"a":"\"","b":"x\"y"`, 'i,2026-11-01T00:00:00Z,"""","x""y",,,t,,'],
    ['line ends', String.raw`"a":"x\ny","b":"\r"`, 'i,2026-11-01T00:00:00Z,"x\ny","\r",,,t,,'],
    ['other escapes', String.raw`"a":"\\\/\b\f\t","b":"\/ "`, 'i,2026-11-01T00:00:00Z,\\/\b\f\t,"/ ",,,t,,'],
    ['an escape beside a comma', String.raw`"a":"\t,"`, 'i,2026-11-01T00:00:00Z,"\t,",,,,t,,'],
    ['numbers', '"a":-0,"b":9007199254740993,"o":1.10e+5', 'i,2026-11-01T00:00:00Z,-0,9007199254740993,1.10e+5,,t,,'],
    ['true, false, null', '"a":true,"b":false,"o":null', 'i,2026-11-01T00:00:00Z,true,false,,,t,,'],
    ['an object', '"a":{"x":[1.0,"y,"],"n":null}', 'i,2026-11-01T00:00:00Z,"{""x"":[1.0,""y,""],""n"":null}",,,,t,,'],
    ['what is empty', '"a":{},"b":[],"o":{}', 'i,2026-11-01T00:00:00Z,{},[],,,t,,'],
    ['arrays', '"a":[1],"b":[1,2]', 'i,2026-11-01T00:00:00Z,[1],"[1,2]",,,t,,'],
    ['escapes in an object', String.raw`"a":["\"\\\n"]`, String.raw`i,2026-11-01T00:00:00Z,"[""\""\\\n""]",,,,t,,`],
    ['its own fields', '"o":{"x":5}', 'i,2026-11-01T00:00:00Z,,,,5,t,,'],
    ['many levels', `"a":${NESTED(32)}`, `i,2026-11-01T00:00:00Z,${NESTED(32)},,,,t,,`],
    ['white space', ' "a" :\t1 ,\r\n"o" : { "x" : "y" } ', 'i,2026-11-01T00:00:00Z,1,,,y,t,,'],
  ])('%s', async (_, fields, row) => {
    const source = event(fields);
    const { rows, parsed, batches } = await found(whole(bodyOf(source)));
    expect(rows).toEqual([`${row}\r\n`]);
    expect(parsed).toBe(0);
    expect(rows).toEqual([expectedRow(source)]);
    expect(batches[0]?.[0]).toMatchObject({ id: 'i', time: Date.UTC(2026, 10, 1) });
    expect(JSON.stringify(batches[0]?.[0]?.body.toJSON())).toBe(JSON.stringify(fieldsOf(source)));
  });

  test('fields in any order, and another one in the next event', async () => {
    const events = [
      '{"b":1,"p":{"more":2,"type":"t"},"at":"2026-11-01T00:00:00Z","id":"i"}',
      event('"a":1'),
      '{"id":"i","p":{"type":"t"},"a":3,"at":"2026-11-01T00:00:00Z"}',
    ];
    const { rows, parsed } = await found(whole(bodyOf(...events)));
    expect(rows).toEqual(events.map(expectedRow));
    expect(parsed).toBe(0);
  });
});

describe('rowReader, an event that is written unusually: becomes a row without being parsed', () => {
  test.each([
    ['a field that no column holds', '"z":1'],
    ['a field of a field that no column holds', '"o":{"z":1}'],
    ['a character by its number', String.raw`"a":"\u00e9"`],
    ['half of a surrogate pair', String.raw`"a":"\ud800"`],
    ['white space in an object', '"a":{"x": 1}'],
    ['an object with an escaped slash', String.raw`"a":["\/"]`],
    ['an object with a character by its number', String.raw`"a":["\u0041"]`],
    ['fields that no column holds, beside and within others', '"z":1,"o":{"x":1,"y":[2, 3]},"b":2,"w":{"a": "b"}'],
    ['null and numbers that no column holds', '"y":null,"x":1.10,"w":1E5'],
    ['a comma, a quote and a line end by their numbers', String.raw`"a":"\u002c","b":"\u0022x","o":"\u000a"`],
    ['blanks by their numbers', String.raw`"a":"\u0020x","b":"x\u0020","o":"\u0020"`],
    ['a byte order mark by its number', String.raw`"a":"\uFEFFx"`],
    ['letters of each length by their numbers', String.raw`"a":"\u0041\u00e9\u20ac\ud83e\udd8a\u0000"`],
    ['halves of surrogate pairs in any order', String.raw`"a":"\udd8a\ud83e","b":["\udd8a\ud83e\ud83e\udd8a"]`],
    ['control characters in an object', String.raw`"a":["\u001F\u000a\u0022\u005c\u007f\u2028"]`],
    ['blanks in texts and between them', '"a":[ "x  y" , { "z" : [ ] , "w" : { } } ]'],
    ['a nested value without texts', '"a":[ 1 ],"b":[ 1 , 2 ],"o":[ ]'],
  ])('%s', async (_, fields) => {
    const source = event(fields);
    const { rows, parsed, batches } = await found(whole(bodyOf(event(''), source, event(''))));
    expect(rows).toEqual([event(''), source, event('')].map(expectedRow));
    expect(parsed).toBe(0);
    expect(batches[0]?.[1]?.body.json).toBe(JSON.stringify(fieldsOf(source)));
  });
});

describe('rowReader, an event that has to be parsed: becomes the row that its object gives', () => {
  test.each([
    ['another value in place of an object', '"o":[1],"o":{"x":1}'],
    ['a field twice', '"a":1,"a":2'],
    ['a field of a field twice', '"o":{"x":1,"x":2}'],
    ['a name with an escape', String.raw`"\u0061":1`],
    ['an object with a field twice', '"a":{"x":1,"x":2}'],
    ['an object with fields that are numbers', '"a":{"b":1,"0":2}'],
    ['an object with names that have escapes', String.raw`"a":{"\n":1}`],
    ['more levels than are followed', `"a":${NESTED(33)}`],
    ['a field whose object is none', '"p":{"type":"t"}'],
  ])('%s', async (_, fields) => {
    const source = event(fields);
    const { rows, parsed, batches } = await found(whole(bodyOf(event(''), source, event(''))));
    expect(rows).toEqual([event(''), source, event('')].map(expectedRow));
    expect(parsed).toBe(1);
    expect(JSON.stringify(batches[0]?.[1]?.body.toJSON())).toBe(JSON.stringify(fieldsOf(source)));
  });

  test('more names in one object than are compared', async () => {
    const names = Array.from({ length: 300 }, (_, n) => `"n${n}":${n}`).join(',');
    const { rows, parsed } = await found(whole(bodyOf(event(`"a":{${names}}`))));
    expect(rows).toEqual([expectedRow(event(`"a":{${names}}`))]);
    expect(parsed).toBe(1);
  });

  test('a time with escapes is parsed, an id with escapes is scanned', async () => {
    const source = String.raw`{"id":"\"i","at":"2026-11-01T00:00:00\u005a","p":{"type":"t"}}`;
    const other = String.raw`{"id":"\"\\é","at":"2026-11-01T00:00:00Z","p":{"type":"t"}}`;
    const { rows, parsed, batches } = await found(whole(bodyOf(source, other)));
    expect(rows).toEqual([source, other].map(expectedRow));
    expect(parsed).toBe(1);
    expect(batches[0]?.map(({ id }) => id)).toEqual(['"i', '"\\é']);
  });
});

test.each([
  ['no events', '{"n":1.10,"data":[ ],"m":2}', 0],
  ['one', `{"n":1.10,"data":[ ${event('')} ],"m":2}`, 1],
])('rowReader, %s: returns what stands around', async (_, body, count) => {
  for (const download of [whole(body), inPieces(body, 1), inPieces(body, 50)]) {
    const { batches, rest } = await found(download);
    expect(batches.map(({ length }) => length)).toEqual(count === 0 ? [] : [1]);
    expect(JSON.stringify(rest)).toBe('{"n":1.10,"data":[],"m":2}');
  }
  expect((await found(whole(`\ufeff [${event('')}]`), { field: null })).rest).toBeNull();
});

test('rowReader: a response in memory comes in one batch that stays, one on the disk as it is read', async () => {
  const events = Array.from({ length: 5_000 }, (_, n) => event(`"a":${n},"b":"${'é'.repeat(n % 50)}"`));
  const body = bodyOf(...events);
  const { batches, rows } = await found(whole(body));
  expect(batches).toHaveLength(1);
  expect(rows).toEqual(events.map(expectedRow));
  expect(batches[0]?.map(({ body: row }) => row.bytes.toString('utf8', row.from, row.to))).toEqual(rows);
  const read = await found(inPieces(body, 10_007));
  expect(read.rows).toEqual(rows);
  expect(read.batches.length).toBeGreaterThan(10);
  expect(read.batches.flat().map(({ body: row }) => row.source.toString('utf8', row.sourceFrom, row.sourceTo))).toEqual(
    events,
  );
});

test('rowReader, an event longer than many chunks: becomes its row', async () => {
  const long = event(`"a":"${'x,'.repeat(100_000)}"`);
  const { rows } = await found(inPieces(bodyOf(event(''), long, event('')), 1_000));
  expect(rows).toEqual([event(''), long, event('')].map(expectedRow));
});

test('rowReader: gives equal rows wherever chunks end', async () => {
  const events = [event('"a":"é,"'), event('"z":"]}"'), event(' "b" : 1 '), event(String.raw`"a":"\u00e9\""`)];
  const body = bodyOf(...events)
    .replace('[', '[ ')
    .replace(/\]\}$/, ' ] }');
  const due = await found(whole(body));
  expect([due.rows.length, due.parsed]).toEqual([4, 0]);
  const bytes = Buffer.from(body);
  for (let cut = 1; cut < bytes.length; cut++) {
    const { rows, rest, parsed, batches } = await found(cutAt(bytes, cut));
    expect([cut, rows, rest, parsed]).toEqual([cut, due.rows, due.rest, due.parsed]);
    expect(batches.every(({ length }) => length > 0)).toBe(true);
  }
});

test.each([
  [
    'most of the next one is there',
    ['{"data":[', `${event('')},${event('').slice(0, -5)}`, `${event('').slice(-5)},`],
    [2, 3],
  ],
  ['just twice of what was not enough', ['{"data":[', event('').slice(0, 28), `${event('').slice(28)},`], [3]],
])('rowReader: yields events as soon as they are whole, where %s', async (_, pieces, due) => {
  let asked = 0;
  const download = {
    ...whole(''),
    body: null,
    async *chunks() {
      for (const piece of [...pieces, event(''), ']}']) {
        asked += 1;
        yield Buffer.from(piece);
      }
    },
  };
  const came: number[] = [];
  for await (const _batch of readRows(download, DATA, SHAPE, readEvent)) came.push(asked);
  expect(came).toEqual([...due, 5]);
});

test.each(['[]', ' [ ] ', '\ufeff[\n]'])(
  'rowReader, an empty array %j as the response: yields nothing',
  async (body) => {
    for (const download of [whole(body), inPieces(body, 1)]) {
      expect(await found(download, { field: null })).toMatchObject({ batches: [], rest: null });
    }
  },
);

test("rowReader: takes time in proportion to an event's length, however many chunks it comes in", async () => {
  const begun = process.cpuUsage();
  const { batches } = await found(inPieces(bodyOf(event(`"a":"${'x'.repeat(500_000)}"`)), 25));
  expect(batches).toHaveLength(1);
  // With each chunk from the start, it would take minutes.
  expect(process.cpuUsage(begun).user / 1e6).toBeLessThan(5);
});

test('rowReader: a row may be twice as long as its event, and as wide as there are columns', async () => {
  const long = event(`"a":[${Array.from({ length: 2000 }, () => '""').join()}]`);
  expect((await found(whole(bodyOf(long, event(''))))).rows).toEqual([long, event('')].map(expectedRow));

  const columns = [...SHAPE.columns, ...Array.from({ length: 5000 }, (_, n) => ({ name: `c${n}`, meaning: '' }))];
  const writer = rowWriter(vendorOf({ columns }), 'acme', 'native');
  if (writer === null) throw new Error('The native table is made of bytes.');
  const reading = rowReader(writer)(whole(bodyOf(event(''))), DATA, { ...SHAPE, columns }, readEvent);
  const { value } = await reading.next();
  const [{ body }] = value as [RowEvent];
  expect(body.bytes.toString('utf8', body.from, body.to)).toBe(`i,2026-11-01T00:00:00Z,,,,,t,,${','.repeat(5000)}\r\n`);
});

test('TranscodedRow: is parsed anew for each who asks', async () => {
  const { batches } = await found(whole(bodyOf(event('"a":{}'))));
  const body = batches[0]?.[0]?.body;
  expect(body?.toJSON()).toEqual(body?.toJSON());
  expect(body?.toJSON()).not.toBe(body?.toJSON());
});

test.each([
  ['in a field', DATA, 997, (source: string) => `{"data":[${source}]}`],
  ['in no field', { field: null }, 998, (source: string) => `[${source}]`],
] as const)('rowReader: an event may have as many levels as a response may, %s', async (_, place, most, around) => {
  const deepest = event(`"a":${NESTED(most)}`);
  expect((await found(whole(around(deepest)), place)).rows).toEqual([
    `i,2026-11-01T00:00:00Z,${NESTED(most)},,,,t,,\r\n`,
  ]);
  const tooDeep = found(whole(around(event(`"a":${NESTED(most + 1)}`))), place);
  await expect(tooDeep).rejects.toMatchObject({
    kind: 'protocol',
    message: expect.stringContaining('nested too deep'),
  });
});

describe('rowReader, failures', () => {
  test('disk fails: is not read again', async () => {
    const failure = new ExportError('destination', 'The disk is full.', { where: 'disk', next: 'Make room.' });
    let begun = 0;
    const download = {
      ...whole(''),
      body: null,
      async *chunks() {
        begun += 1;
        yield await Promise.reject<Buffer>(failure);
      },
    };
    await expect(found(download)).rejects.toBe(failure);
    expect(begun).toBe(1);
  });

  test('`read` throws something unforeseen: the error comes as it is', async () => {
    const failure = new Error('Nobody foresaw this.');
    const reading = readRows(whole(bodyOf(event('"a":1,"a":2'))), DATA, SHAPE, () => {
      throw failure;
    });
    await expect(reading.next()).rejects.toBe(failure);
  });

  test('response refused once and readable the second time: throws a bug of ours', async () => {
    let begun = 0;
    const download = {
      ...whole(''),
      body: null,
      async *chunks() {
        yield Buffer.from(bodyOf(event('')).slice(0, begun++ === 0 ? -1 : undefined));
      },
    };
    await expect(found(download)).rejects.toMatchObject({
      message: 'A response was refused that can be read.',
      cause: { kind: 'protocol' },
    });
  });
});

test.each([
  ['what is cut short', bodyOf(event('')).slice(0, -2), 'not JSON'],
  ['an event that is cut short', bodyOf(event('')).slice(0, -4), 'not JSON'],
  ['a comma too many', bodyOf(event(''), ''), 'not JSON'],
  ['a comma at first', bodyOf('', event('')), 'not JSON'],
  ['a comma alone', bodyOf('', ''), 'not JSON'],
  ['a comma behind what is parsed', bodyOf(event('"a":1,"a":2'), ''), 'not JSON'],
  ['an event that begins with another bracket', `{"data":[[${NEEDED}}]}`, 'not JSON'],
  ['an event that begins with none', `{"data":[x${NEEDED}}]}`, 'not JSON'],
  ['text behind an event', bodyOf(`${event('')} 1`), 'not JSON'],
  ['another bracket', `{"data":[${event('')}}`, 'not JSON'],
  ['a control character', bodyOf(event('"a":"secret\n"')), 'not JSON'],
  ['a wrong number', bodyOf(event('"a":01')), 'not JSON, from character 69 on'],
  ['what is not UTF-8', Buffer.from(bodyOf(event('"a":"secret é"')), 'latin1'), 'not UTF-8'],
  ['what is nested too deep', bodyOf(event(`"a":${NESTED(998)}`)), 'nested too deep'],
  ['no array', '{"data":{"a":"secret"}}', 'Expected `data` to be an array'],
  ['no field', `{"dato":[${event('')}]}`, 'missing'],
  ['two fields', `{"data":[${event('')}],"data":[]}`, 'comes twice'],
  ['an event that is none', bodyOf('["secret"]'), 'Expected an event to be an object, not an array'],
  [
    'a missing field',
    bodyOf('{"id":"secret","at":"2026-11-01T00:00:00Z"}'),
    'Expected `p` to be an object, not missing',
  ],
  ['a time that is none', bodyOf(event('').replace('T00:', 'T99:')), 'to be a date and time'],
  ['an id that is none', bodyOf(event('').replace('"i"', '5')), 'field id to be a string, not a number'],
])('rowReader, %s: is refused, and quotes nothing', async (_, body, message) => {
  for (const download of [whole(body), inPieces(body, 1), inPieces(body, 60)]) {
    const error = await found(download).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ExportError', kind: 'protocol', where });
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('secret');
  }
});
