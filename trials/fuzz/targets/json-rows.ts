/** JSON events as rows, byte by byte, against the same by way of objects and cells; in memory and in pieces. */

import fc from 'fast-check';
import { RowBuffer } from '../../../src/csv/row-buffer.ts';
import type { Download } from '../../../src/http/call.ts';
import { inMemory } from '../../../src/http/spool.ts';
import type { ArrayLocation } from '../../../src/json/envelope.ts';
import {
  asObject,
  field,
  type JsonObject,
  objectOrNone,
  requireInstant,
  requireString,
} from '../../../src/json/values.ts';
import { COMMON_COLUMNS } from '../../../src/table/common-columns.ts';
import { EXTRA_COLUMN } from '../../../src/table/native-columns.ts';
import { planTable } from '../../../src/table/table-plan.ts';
import { rowReader } from '../../../src/table/transcode/event-reader.ts';
import { rowWriter } from '../../../src/table/transcode/row-writer.ts';
import type { Columns, EventShape, Vendor, VendorEvent } from '../../../src/vendors/contract.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { readEvents, readPage } from '../../../src/vendors/read-page.ts';
import { chunksOf } from '../chunks.ts';
import { edited, editsOf } from '../mutations.ts';
import { expected, insist, target } from '../target.ts';

const columnsOf = (id: string) => vendors.get(id)?.columns ?? [];

const OWN = [
  'id',
  'at',
  'kind',
  'actor',
  'actor.email',
  'actor.role',
  'event.type',
  'event.rest',
  'details',
  '__proto__',
];
const SHAPES: readonly EventShape[] = [
  {
    columns: OWN.map((name) => ({ name, meaning: '' })),
    time: 'at',
    id: 'id',
    strings: [['kind'], ['actor', 'actor.email']],
  },
  { columns: columnsOf('codacy'), time: 'timestamp', id: null, strings: [['action'], ['actor', 'actor.email']] },
  { columns: columnsOf('infisical'), time: 'createdAt', id: 'id', strings: [['updatedAt'], ['event.type']] },
  { columns: columnsOf('datafold'), time: 'timestamp', id: 'event_uuid', strings: [['client_ip'], ['url']] },
];

const often = <Value>(usual: Value, ...others: Value[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const space = often('', ' ', '\n\t', '\r\n');
const plain = fc.string({ unit: fc.constantFrom('a', 'b', ',', ' ', 'é', '🦊', "'", '0', '/'), maxLength: 6 });
const pieces = fc.string({
  unit: fc.constantFrom(
    ...[
      'a',
      ',',
      ' ',
      'é',
      '🦊',
      '\ufeff',
      '\u2028',
      '\x7f',
      '{',
      ']',
      '\\"',
      '\\\\',
      '\\n',
      '\\r',
      '\\t',
      '\\b',
      '\\f',
    ],
    ...['\\/', '\\u0041', '\\u0000', '\\ud83e\\udd8a', '\\ud800', '\\udc00'],
  ),
  maxLength: 5,
});
const broken = fc.constantFrom(
  '"\\x"',
  '"\n"',
  '"\0"',
  '"',
  '01',
  '1.',
  '-',
  '+1',
  '.5',
  '1e',
  'nul',
  'True',
  '[1,]',
  '{,}',
);
const string = fc.oneof({ weight: 3, arbitrary: plain }, { weight: 2, arbitrary: pieces }).map((text) => `"${text}"`);
const number = fc.oneof(
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?$/),
  fc.constantFrom('-0', '9007199254740993', '1.10', '1e400', '12', '0', '-1'),
);
// Of `{"\n":1.5,"\n":2.5,"\\":1}`, V8 gives the second value once, and the first from then on: one such name is enough.
const innerName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'email', 'role', 'type', 'rest', 'metadata') },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'toJSON', '', '0', '1a', 'é', '\\u0061', 'constructor') },
);
const { value } = fc.letrec<{ value: string; inner: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: string },
    { weight: 2, arbitrary: number },
    { weight: 2, arbitrary: fc.constantFrom('null', 'true', 'false', '{}', '[]') },
    { weight: 1, arbitrary: fc.array(tie('inner'), { maxLength: 3 }).map((all) => `[${all.join(',')}]`) },
    {
      weight: 3,
      arbitrary: fc
        .array(fc.tuple(innerName, tie('inner')), { maxLength: 3 })
        .map((all) => `{${all.map(([name, one]) => `"${name}":${one}`).join(',')}}`),
    },
  ),
  inner: fc.tuple(space, tie('value'), space).map((parts) => parts.join('')),
}));
const deep = fc
  .tuple(fc.constantFrom('[', '{"a":'), fc.constantFrom(30, 33, 996, 997, 998, 2_000))
  .map(([open, depth]) => {
    return `${open.repeat(depth)}1.0${(open === '[' ? ']' : '}').repeat(depth)}`;
  });
const anyValue = fc.oneof(
  { weight: 120, arbitrary: value },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: broken },
);
const instant = often(
  '"2026-11-01T00:00:01.123Z"',
  ...['"2026-11-01 10:00:00"', '"2026-11-01T00:00:01+02:00"', '"2026-11-01"', '"2026-11\\u002d01T00:00:01Z"', '12'],
);

type Parts = readonly (readonly [name: string, value: string])[];

/** The fields of dotted names in one object. */
function written(parts: Parts, [before, colon, after]: readonly string[]): string {
  const fields = parts.map(([name, one]) => `${before}"${name}"${colon}:${after}${one}${before}`);
  return `{${fields.join(',')}}`;
}

function eventOf({ columns, time, id, strings }: EventShape): fc.Arbitrary<string> {
  const names = columns.map(({ name }) => name);
  const needed = [...(id === null ? [] : [id]), ...strings.flatMap(([first = '']) => first)];
  const heads = [...new Set(names.map((name) => name.replace(/\..*/s, '')))];
  const objects = heads.filter((head) => names.some((name) => name.startsWith(`${head}.`)));
  const object = (head: string) =>
    fc.tuple(
      fc.constant(head),
      fc
        .tuple(
          fc.shuffledSubarray(
            names.filter((name) => name.startsWith(`${head}.`)).map((name) => name.slice(head.length + 1)),
          ),
          fc.array(anyValue, { minLength: 3, maxLength: 3 }),
          often<Parts>([], [['odd', '1']]),
          fc.array(space, { minLength: 3, maxLength: 3 }),
        )
        .map(([subs, values, odd, gaps]) =>
          written(
            [
              ...subs.map((sub, index): [string, string] => [sub, sub === 'type' ? '"t"' : (values[index] ?? '1')]),
              ...odd,
            ],
            gaps,
          ),
        ),
    );
  return fc
    .tuple(
      fc.tuple(...needed.filter((name) => !name.includes('.')).map((name) => fc.tuple(fc.constant(name), string))),
      fc.tuple(...objects.map((head) => fc.oneof(object(head), object(head), fc.tuple(fc.constant(head), anyValue)))),
      fc.tuple(fc.constant(time), instant),
      fc.array(fc.tuple(fc.constantFrom(...heads), anyValue), { maxLength: 6 }),
      often<Parts>([], [['odd', '[1]']], [['\\u0061', '1']], [['0', 'null']], [['a.b', '""']]),
      fc.nat(),
      fc.array(space, { minLength: 3, maxLength: 3 }),
      fc.nat(19),
    )
    .map(([strings, objects, at, others, odd, turn, gaps, twice]) => {
      const all: Parts = [...strings, ...objects, at, ...others, ...odd];
      // The last of a name, but for the few events that keep them all.
      const kept = twice === 0 ? all : [...new Map([...others, ...objects, ...strings, at, ...odd])];
      const from = turn % kept.length;
      return written([...kept.slice(from), ...kept.slice(0, from)], gaps);
    });
}

const element = (shape: EventShape) =>
  fc.oneof({ weight: 60, arbitrary: eventOf(shape) }, { weight: 1, arbitrary: anyValue });
const rest = fc.constantFrom('', '', '"next":"c",', '"\\u0064ata":[],', '"n":{"data":[1]} ,', '"data":0,', '"n":1.10,');
const inputs = fc.constantFrom(...SHAPES).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    columns: fc.oneof(
      fc.constantFrom<Columns>('native', 'common'),
      fc.uniqueArray(
        fc.constantFrom(...new Set([...shape.columns, EXTRA_COLUMN, ...COMMON_COLUMNS].map((column) => column.name))),
        { minLength: 1, maxLength: 8 },
      ),
    ),
    events: fc.array(fc.tuple(space, element(shape), space), { maxLength: 5 }),
    mark: often('', '\ufeff', '\ufeff\ufeff', ' '),
    around: fc.oneof(fc.tuple(rest, rest), fc.constant(null)),
    place: fc.constantFrom<ArrayLocation>({ field: 'data' }, { field: 'data', orArray: true }, { field: null }),
    edits: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: editsOf(['{', '}', '[', ']', ',', ':', '"', '\\', '\ufeff', '\0', '\x80', ' ', '0'], 2) },
    ),
    cuts: fc.array(fc.nat(400), { maxLength: 6 }),
  }),
);

export const jsonRows = target({
  name: 'json-rows',
  holds:
    'rows are made of JSON as byte for byte the rows that JSON.parse and csv-stringify give, or refuses as they do, from any chunks',
  runs: 2_500,
  sample: 500,
  inputs,
  async check({ shape, columns, events, mark, around, place, edits, cuts }) {
    const asked = { place, shape, vendor: vendorOf(shape), columns };
    const array = `[${events.map((parts) => parts.join('')).join(',')}]`;
    const text =
      around === null || place.field === null
        ? array
        : `{${around[0]}"data":${array}${around[1].replace(/(.*),$/, ',$1')}}`;
    const body = edited(Buffer.from(mark + text), edits);
    const whole: Download = { ...inMemory(body), where: 'GET /json' };
    const ends = cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b);
    const pieces: Download = { ...whole, body: null, chunks: () => chunksOf(body, ends) };

    const reference = await outcome(() => byObjects(whole, asked));
    const ours = await outcome(() => byBytes(whole, asked));
    insist(ours === reference, 'other rows', body.toString(), place, reference, ours);
    const cut = await outcome(() => byBytes(pieces, asked));
    const kind = /^protocol/.exec(reference)?.[0];
    insist(
      kind === undefined ? cut === reference : cut.startsWith(kind),
      'other rows in pieces',
      body.toString(),
      ends,
      reference,
      cut,
    );
    return kind === undefined ? 'taken' : 'refused';
  },
});

async function outcome(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    const { kind, message } = expected(['protocol'], error);
    return `${kind}: ${message}`;
  }
}

type Told = readonly [time: number | null, id: string | null, row: string, fields: JsonObject];

/** What is read, and into which table. */
interface Asked {
  readonly place: ArrayLocation;
  readonly shape: EventShape;
  readonly vendor: Vendor;
  readonly columns: Columns;
}

async function byObjects(download: Download, { place, shape, vendor, columns }: Asked): Promise<string> {
  const { row } = planTable({ vendor, org: 'acme', columns, header: null });
  const told: Told[] = [];
  const { events, rest } = await readPage(download, readEvents(download, place, shape, readerOf(shape)));
  for (const event of events) {
    const { time, id, body } = event;
    const rows = new RowBuffer();
    rows.addCells(row(event));
    told.push([time, id, rows.bytes.toString('latin1'), body as JsonObject]);
  }
  return JSON.stringify([told, rest]);
}

async function byBytes(download: Download, { place, shape, vendor, columns }: Asked): Promise<string> {
  const told: Told[] = [];
  const kept: (() => Told)[] = [];
  const maker = rowWriter(vendor, 'acme', columns);
  insist(maker !== null, 'no rows by bytes');
  const rows = rowReader(maker)(download, place, shape, readerOf(shape));
  for (;;) {
    const next = await rows.next();
    if (next.done) {
      // What came at once stays good.
      insist(
        JSON.stringify(kept.map((one) => one())) === JSON.stringify(download.body === null ? [] : told),
        'rows have changed',
      );
      return JSON.stringify([told, next.value]);
    }
    insist(next.value.length > 0 && (download.body === null || told.length === 0), 'an empty batch, or one too many');
    for (const { time, id, body } of next.value) {
      insist(body.json === JSON.stringify(body.toJSON()), 'other JSON', body.json);
      const one = (): Told => [time, id, body.bytes.toString('latin1', body.from, body.to), body.toJSON()];
      told.push(one());
      if (download.body !== null) kept.push(one);
    }
  }
}

/** A vendor with these columns, whose `common` looks at each of them. */
function vendorOf({ columns }: EventShape): Vendor {
  const [codacy] = vendors.values();
  insist(codacy !== undefined, 'no vendor');
  const names = columns.map(({ name }) => name);
  return {
    ...codacy,
    format: 'json',
    columns,
    common: {
      action: { of: names, cell: (...cells) => cells.join('|') },
      actor_name: names[1] ?? '',
      user_agent: names[3] ?? '',
    },
  };
}

/** Reads an event as the vendors do. */
function readerOf({ time, id, strings }: EventShape): (element: unknown, where: string) => VendorEvent {
  return (element, where) => {
    const body = asObject(element, 'an event', where);
    for (const some of strings) {
      const found = some.find((name) => typeof valueAt(body, name) === 'string');
      if (found === undefined) requireString({}, some[0] ?? '', where);
    }
    return { id: id === null ? null : requireString(body, id, where), time: requireInstant(body, time, where), body };
  };
}

function valueAt(body: JsonObject, name: string): unknown {
  const [head = '', sub] = name.split('.');
  return sub === undefined ? field(body, head) : field(objectOrNone(field(body, head)), sub);
}
