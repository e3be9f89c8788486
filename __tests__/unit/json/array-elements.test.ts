import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import type { Download } from '../../../src/http/call.ts';
import { inMemory, Spool } from '../../../src/http/spool.ts';
import { readElements } from '../../../src/json/array-elements.ts';
import type { ArrayLocation } from '../../../src/json/envelope.ts';
import { type JsonObject, readJson } from '../../../src/json/values.ts';
import { edited, editsOf } from '../../../trials/fuzz/mutations.ts';

const where = 'GET /events';
const DATA = { field: 'data' } as const;
const EITHER = { field: 'data', orArray: true } as const;
const BARE = { field: null } as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'elements-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const whole = (body: Buffer): Download => ({ where, ...inMemory(body) });

/** The body as it comes from a disk, in chunks that end at the given places. */
const inChunks = (body: Buffer, ends: readonly number[]): Download => ({
  ...whole(body),
  body: null,
  async *chunks() {
    const bounds = [0, ...ends.map((end) => Math.min(end, body.length)).sort((a, b) => a - b), body.length];
    for (const [index, end] of bounds.slice(1).entries()) yield body.subarray(bounds[index], end);
  },
});

interface Read {
  readonly batches: readonly (readonly unknown[])[];
  readonly rest: JsonObject | null;
}

async function read(download: Download, place: ArrayLocation): Promise<Read> {
  const batches: (readonly unknown[])[] = [];
  const reading = readElements(download, place);
  for (;;) {
    const next = await reading.next();
    if (next.done === true) return { batches, rest: next.value };
    batches.push(next.value);
  }
}

/** Elements and rest as JSON text, in which numbers have their digits; `protocol` if the body was refused. */
async function outcome(download: Download, place: ArrayLocation): Promise<string> {
  try {
    const { batches, rest } = await read(download, place);
    expect(batches.every((batch) => batch.length > 0)).toBe(true);
    return JSON.stringify([batches.flat(), rest]);
  } catch (error) {
    if (error instanceof ExportError) return error.kind;
    throw error;
  }
}

/** The reference of `outcome`: by `readJson`, and by the names in the body. */
function expectedOf(body: Buffer, { field, orArray }: ArrayLocation): string {
  let answer: unknown;
  try {
    answer = readJson({ body, where });
  } catch {
    return 'protocol';
  }
  if (Array.isArray(answer)) return field === null || orArray ? JSON.stringify([answer, null]) : 'protocol';
  if (field === null || typeof answer !== 'object' || answer === null || JSON.isRawJSON(answer)) return 'protocol';
  const elements = Object.hasOwn(answer, field) ? (answer as JsonObject)[field] : null;
  if (!Array.isArray(elements) || namesOf(body.toString()).filter((name) => name === field).length !== 1) {
    return 'protocol';
  }
  return JSON.stringify([elements, { ...answer, [field]: [] }]);
}

/** Names of the outermost object of valid JSON. */
function namesOf(source: string): string[] {
  const names: string[] = [];
  let depth = 0;
  let last = '';
  for (const [token] of source.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:]/g)) {
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    if (token === ':' && depth === 1) names.push(JSON.parse(last));
    last = token;
  }
  return names;
}

const space = fc.constantFrom('', '', ' ', '\n\t');
const number = fc.oneof(
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?$/),
  fc.constantFrom('-0', '9007199254740993', '1.10', '1e400', '12'),
);
const string = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 5 }), fc.constantFrom('],[', '\\', '"', '\\"', '{', '\ud800', '-0,'))
  .map((value) => JSON.stringify(value));
const name = fc.oneof(
  fc.constantFrom(
    '"data"',
    '"\\u0064ata"',
    '"d\\u0061ta"',
    '"__proto__"',
    '"dat"',
    '"a"',
    '""',
    '"\\"data"',
    '"\\\\"',
    '"\\n"',
  ),
  string,
);
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    number,
    string,
    fc.constantFrom('null', 'true'),
    fc.array(fc.tuple(space, tie('json'), space), { maxLength: 4 }).map((all) => `[${all.map((one) => one.join(''))}]`),
    fc
      .array(fc.tuple(name, space, tie('json'), space), { maxLength: 4 })
      .map((all) => `{${all.map(([key, gap, value, end]) => `${gap}${key}${gap}:${gap}${value}${end}`)}}`),
  ),
}));
const elements = fc
  .array(fc.tuple(space, json, space), { maxLength: 6 })
  .map((all) => `[${all.map((one) => one.join(''))}]`);
const page = fc
  .tuple(
    fc.array(fc.tuple(name, json), { maxLength: 2 }),
    fc.constantFrom('"data"', '"data" ', '"\\u0064ata"'),
    elements,
    fc.array(fc.tuple(name, json), { maxLength: 2 }),
  )
  .map(([before, data, array, after]) => {
    const fields = [...before.map((one) => one.join(':')), `${data}:${array}`, ...after.map((one) => one.join(':'))];
    return `{${fields.join(',')}}`;
  });
const edits = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: editsOf(['{', '}', '[', ']', ',', ':', '"', '\\', '\ufeff', '\0', '\x80', ' ', ',,'], 2) },
);
const bodies = fc
  .tuple(fc.constantFrom('', '', '', '\ufeff'), space, fc.oneof(page, page, elements, json), space, edits)
  .map(([mark, before, source, after, changes]) => edited(Buffer.from(mark + before + source + after), changes));
const places = fc.constantFrom<ArrayLocation>(DATA, EITHER, BARE, { field: '__proto__' }, { field: '' });

describe('readElements', () => {
  test('any body, in memory or in chunks that end anywhere: the elements and the rest are those of readJson', async () => {
    const anyEnds = fc.array(fc.nat({ max: 60 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(bodies, places, anyEnds, async (body, place, ends) => {
        const expected = expectedOf(body, place);
        expect(await outcome(whole(body), place)).toBe(expected);
        expect(await outcome(inChunks(body, ends), place)).toBe(expected);
      }),
      { numRuns: 1_500 },
    );
  });

  const SAMPLE = Buffer.from(
    '\ufeff {"n":[{"data":[0]}],"data" : [ {"a":"]\\\\\\"},{é𝄞"}, [1.10,[]] ,-0, "x\\\\" ] , "next":"c\\u0022"} ',
  );

  test('a body truncated at any byte: throws `protocol`; the whole body in single bytes: is read', async () => {
    const bytes = Array.from(SAMPLE, (_, index) => index);
    const expected = expectedOf(SAMPLE, DATA);
    expect(expected).toContain('[1.10,[]],-0,');
    expect(await outcome(inChunks(SAMPLE, bytes), DATA)).toBe(expected);
    for (const end of bytes) {
      const part = SAMPLE.subarray(0, end);
      if (end < SAMPLE.length - 1) expect(await outcome(inChunks(part, bytes), DATA)).toBe('protocol');
      expect(await outcome(inChunks(SAMPLE, [end]), DATA)).toBe(expected);
    }
  });

  test('elements in several chunks: each batch has those of one chunk, in order', async () => {
    const { batches, rest } = await read(inChunks(Buffer.from('{"data":[1,2,3,4],"total":4}'), [12, 14]), DATA);
    expect(batches).toEqual([[1], [2], [3, 4]]);
    expect(rest).toEqual({ data: [], total: 4 });
  });

  test.each([
    ['a field that is missing', '{"a":[1]}', DATA, 'missing'],
    ['a field that only the prototype has', '{}', { field: 'constructor' }, 'missing'],
    ['a field that is no array', '{"data":{"a":"secret"}}', DATA, 'Expected `data` to be an array'],
    ['an array where there has to be an object', '["secret"]', DATA, 'to be an object, not an array'],
    ['an object where there has to be an array', '{"data":["secret"]}', BARE, 'to be an array, not an object'],
    ['a string where there has to be an object or an array', '"secret"', EITHER, 'to be an object, not a string'],
    ['a field that comes twice', '{"data":["secret"],"data":[]}', DATA, 'comes twice'],
    ['a field that comes twice, written with an escape', '{"data":["secret"],"d\\u0061ta":1}', DATA, 'comes twice'],
    ['a comma behind the last element', '{"data":["secret",]}', DATA, 'not JSON'],
    ['a comma before the first element', '{"data":[,"secret"]}', DATA, 'not JSON'],
    ['a closing bracket of another kind', '{"data":["secret"}]', DATA, 'not JSON'],
    ['text behind the response', '["secret"],1', BARE, 'not JSON'],
    ['a name without a comma behind the array', '{"data":["secret"]"a":1}', DATA, 'not JSON, from character 18 on'],
    ['an element that is not JSON', '{"data":[1,{a:"secret"}]}', DATA, 'not JSON, from character 12 on'],
  ])('%s: throws `protocol`, and quotes nothing', async (_, body, place, message) => {
    for (const download of [whole(Buffer.from(body)), inChunks(Buffer.from(body), [3, 11, 12, 14])]) {
      const error = (await read(download, place).catch((thrown: unknown) => thrown)) as ExportError;
      expect(error).toMatchObject({ name: 'ExportError', kind: 'protocol', where });
      expect(error.message).toContain(message);
      expect(error.message).not.toContain('secret');
    }
  });

  test('elements nested too deep: are refused from one level on, in memory and in chunks', async () => {
    for (const [levels, taken] of [
      [998, true],
      [999, false],
      [100_000, false],
    ] as const) {
      const body = Buffer.from(`{"data":[1,${'['.repeat(levels)}1.10${']'.repeat(levels)}]}`);
      for (const download of [whole(body), inChunks(body, [9, 500])]) {
        const reading = read(download, DATA);
        if (taken) expect((await reading).batches.flat()).toHaveLength(2);
        else await expect(reading).rejects.toMatchObject({ message: expect.stringContaining('nested too deep') });
      }
    }
  });

  test('a body on the disk, larger than one chunk: is read in batches', async () => {
    const events = Array.from({ length: 4_000 }, (_, id) => ({ id, text: `é",[${'x'.repeat(id % 1_000)}` }));
    const spool = new Spool(folder, 1_000);
    const body = Buffer.from(JSON.stringify({ total: events.length, data: events }));
    for (let at = 0; at < body.length; at += 70_001) await spool.write(body.subarray(at, at + 70_001));
    const content = await spool.finish();
    expect(content.body).toBeNull();
    const { batches, rest } = await read({ where, ...content }, DATA);
    await content.release();
    expect(batches.length).toBeGreaterThan(3);
    expect(batches.flat()).toEqual(events);
    expect(rest).toEqual({ total: events.length, data: [] });
  });
});
