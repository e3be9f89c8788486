import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Answer } from '../../../src/http/call.ts';
import {
  asArray,
  asObject,
  field,
  isObject,
  objectIn,
  objectOrNone,
  readJson,
  requireInstant,
  requireNumber,
  requireString,
  text,
} from '../../../src/json/values.ts';

const where = 'GET /events';
const answer = (body: string | Buffer): Answer => ({ status: 200, body: Buffer.from(body), where });
const protocol = (message: string) =>
  expect.objectContaining({ kind: 'protocol', where, message: expect.stringContaining(message) });

const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength });
/** A number's text, as JSON's grammar allows it. */
const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constant('0'),
      fc.tuple(fc.constantFrom(...'123456789'), digits(0, 25)).map((parts) => parts.join('')),
    ),
    fc.oneof(
      fc.constant(''),
      digits(1, 20).map((fraction) => `.${fraction}`),
    ),
    fc.oneof(
      fc.constant(''),
      fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits(1, 4)).map((parts) => parts.join('')),
    ),
  )
  .map((parts) => parts.join(''));
/** JSON text without spaces, and as `JSON.stringify` has to write what is read of it. */
interface Sample {
  readonly source: string;
  readonly written: string;
}

const plain = (source: string): Sample => ({ source, written: source });
/** Names are prefixed so that none is an integer, which JavaScript puts first; a few of them come again and again. */
const fieldName = fc
  .oneof(fc.constantFrom('', 'a', 'b', '\\', '\\u', '"', '\n'), fc.string({ unit: 'binary', maxLength: 4 }))
  .map((name) => `_${name}`);
const escaped = (name: string): string =>
  `"${Array.from({ length: name.length }, (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
/** A name as `JSON.stringify` writes it, or every character by its code. */
const writtenName = fc
  .tuple(fieldName, fc.nat({ max: 3 }))
  .map(([name, way]) => ({ name, source: way === 0 ? escaped(name) : JSON.stringify(name) }));
const { json } = fc.letrec<{ json: Sample }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    numberText.map(plain),
    fc.string({ unit: 'binary' }).map((value) => plain(JSON.stringify(value))),
    fc.constantFrom('null', 'true', 'false', '"-0"', '"a:1.10,"').map(plain),
    fc.array(tie('json')).map((values) => ({
      source: `[${values.map(({ source }) => source).join(',')}]`,
      written: `[${values.map(({ written }) => written).join(',')}]`,
    })),
    fc.array(fc.tuple(writtenName, tie('json')), { maxLength: 6 }).map((fields) => {
      // Of a name that comes twice, the last value counts, at the place of the first.
      const last = new Map(fields.map(([{ name }, { written }]) => [name, written]));
      return {
        source: `{${fields.map(([name, value]) => `${name.source}:${value.source}`).join(',')}}`,
        written: `{${Array.from(last, ([name, written]) => `${JSON.stringify(name)}:${written}`).join(',')}}`,
      };
    }),
  ),
}));

describe('readJson', () => {
  test('any JSON: every number keeps its digits', () => {
    fc.assert(
      fc.property(json, ({ source, written }) => {
        expect(JSON.stringify(readJson(answer(source)))).toBe(written);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['{"a":1.50,"a":2.5}', '{"a":2.5}'],
    ['{"a":12,"a":[1.10]}', '{"a":[1.10]}'],
    ['{"a":[1.10],"b":-0,"a":12}', '{"a":12,"b":-0}'],
    ['[{"a":{"a":1.10,"a":{"b":1.0,"b":2.0}}}]', '[{"a":{"a":{"b":2.0}}}]'],
    ['{"\\u0061":1.10,"a":2.20}', '{"a":2.20}'],
    ['{"__proto__":1.10,"\\u005f_proto__":2.20}', '{"__proto__":2.20}'],
  ])('a name that comes twice: %s is read as %s', (source, written) => {
    for (const _ of [1, 2, 3]) expect(JSON.stringify(readJson(answer(source)))).toBe(written);
  });

  // Each second name, as it is written, begins with the first one: https://github.com/nodejs/node/issues/63785
  test.each([
    ['{"at":1,"\\\\":2}', '{"at":1,"\\n":3}'],
    ['{"by":1,"a\\\\":2}', '{"by":1,"a\\"":3.10}'],
    ['{"id":1,"a\\\\u00":2}', '{"id":1,"a\\u0001bcd":3}'],
    ['{"to":1,"\\\\":2}', ' [ { "to" : 1 , "\\r" : [ ] , "b" : { } , "c" : [ -0 , "\\"" , null ] } , { } ] '],
  ])('after %s, the names of %s are as they are written', (first, second) => {
    const compact = second.replaceAll(' ', '');
    for (const source of [first, second, first, second]) {
      expect(JSON.stringify(readJson(answer(source)))).toBe(source === first ? first : compact);
    }
  });

  test('names with an escape: throws `protocol` with the position of an error, or if nested too deep', () => {
    expect(() => readJson(answer('{"\\n":1,}'))).toThrow(protocol('not JSON, from character 8 on'));
    const nested = (levels: number) => `${'{"\\n":'.repeat(levels)}1${'}'.repeat(levels)}`;
    expect(JSON.stringify(readJson(answer(nested(1_000))))).toBe(nested(1_000));
    for (const levels of [1_001, 200_000]) {
      expect(() => readJson(answer(nested(levels)))).toThrow(protocol('nested too deep'));
    }
  });

  test('a number between any white space: keeps its digits', () => {
    const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 });
    fc.assert(
      fc.property(numberText, space, space, (number, before, after) => {
        const around = `${before}${number}${after}`;
        expect(JSON.stringify(readJson(answer(around)))).toBe(number);
        expect(JSON.stringify(readJson(answer(`[1,${around},{"a":${around}}]`)))).toBe(`[1,${number},{"a":${number}}]`);
      }),
    );
  });

  test('a number that JavaScript writes as the vendor did: stays a number', () => {
    expect(readJson(answer('[0, 1.5, 1704067200000, 9007199254740991]'))).toEqual([
      0, 1.5, 1704067200000, 9007199254740991,
    ]);
  });

  test('more than 1000 levels: throws `protocol`', () => {
    const nested = (levels: number) => `${'[{"a":'.repeat(levels / 2)}1.10${'}]'.repeat(levels / 2)}`;
    expect(JSON.stringify(readJson(answer(nested(1_000))))).toBe(nested(1_000));
    expect(() => readJson(answer(nested(1_002)))).toThrow(protocol('nested too deep: more than 1000 levels'));
    for (const inner of ['1', '1.10']) {
      const source = `${'['.repeat(200_000)}${inner}${']'.repeat(200_000)}`;
      expect(() => readJson(answer(source))).toThrow(protocol('nested too deep'));
    }
    expect(() => readJson(answer('['.repeat(1_000_000)))).toThrow(protocol('not JSON'));
    // At the limit, a number that is kept digit for digit is no level.
    expect(() => readJson(answer(`${'['.repeat(1_000)}{}${']'.repeat(1_000)}`))).toThrow(protocol('nested too deep'));
    // Neither brackets in strings nor those of siblings count.
    expect(readJson(answer(`["\\"${'['.repeat(2_000)}"]`))).toEqual([`"${'['.repeat(2_000)}`]);
    expect(readJson(answer(`[${'[],'.repeat(2_000)}{}]`))).toHaveLength(2_001);
  });

  test('a field `__proto__`: is a field, and no prototype', () => {
    const read = asObject(readJson(answer('{"__proto__":{"polluted":1.10}}')), 'it', where);
    expect(field(read, 'polluted')).toBeUndefined();
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(JSON.stringify(read)).toBe('{"__proto__":{"polluted":1.10}}');
  });

  test('a byte order mark: is dropped', () => {
    expect(readJson(answer('\ufeff{}'))).toEqual({});
  });

  test.each([
    ['an empty body', ''],
    ['half an object', '{"secret": "a'],
    ['HTML', '<html>secret</html>'],
    ['a stray character', '{"a": "secret" x}'],
    ['two values', '{} {"secret": 1.10}'],
    ['a text that names a position', '{"a": secret in JSON at position 7'],
  ])('%s: throws `protocol`, and quotes nothing', (_, body) => {
    const read = () => readJson(answer(body));
    expect(read).toThrow(protocol('not JSON'));
    expect(read).toThrow(expect.not.objectContaining({ cause: expect.anything() }));
    expect(read).not.toThrow(/secret/);
  });

  test('bytes that are not UTF-8: throw `protocol`', () => {
    expect(() => readJson(answer(Buffer.from([0x22, 0xff, 0x22])))).toThrow(protocol('not UTF-8'));
  });
});

describe('values', () => {
  const [raw] = asArray(readJson(answer('[1.10]')), 'it', where);

  test('isObject, asObject: an object is neither null, an array, nor a number', () => {
    expect(isObject({})).toBe(true);
    for (const value of [null, [], raw, 1, 'a', undefined]) expect(isObject(value)).toBe(false);
    expect(() => asObject(raw, 'data[3]', where)).toThrow(protocol('Expected data[3] to be an object, not a number.'));
    expect(() => asObject(undefined, 'data', where)).toThrow(protocol('missing'));
  });

  test('asArray: returns an array, throws `protocol` for an object', () => {
    expect(asArray([1], 'data', where)).toEqual([1]);
    expect(() => asArray({}, 'data', where)).toThrow(protocol('Expected data to be an array, not an object.'));
  });

  test('field, requireString: a field of the prototype is missing', () => {
    expect(field({}, 'toString')).toBeUndefined();
    expect(() => requireString({}, 'constructor', where)).toThrow(protocol('field constructor'));
  });

  test('requireString: a string may be empty; any other value throws `protocol`', () => {
    expect(requireString({ id: '' }, 'id', where)).toBe('');
    for (const id of [null, 1, true, {}, []]) {
      expect(() => requireString({ id }, 'id', where)).toThrow(protocol('Expected field id to be a string'));
    }
  });

  test('requireNumber: a number has to be finite; any other value throws `protocol`', () => {
    const total = (source: string) => requireNumber(asObject(readJson(answer(source)), 'it', where), 'total', where);
    expect(total('{"total":12}')).toBe(12);
    expect(total('{"total":1.10}')).toBe(1.1);
    expect(() => total('{"total":1e400}')).toThrow(protocol('Expected field total to be a finite number'));
    expect(() => total('{"total":"12"}')).toThrow(protocol('a string'));
    expect(() => total('{}')).toThrow(protocol('missing'));
  });

  test('requireInstant: a timestamp in a string; any other value throws `protocol`', () => {
    expect(requireInstant({ at: '2024-01-01T00:00:00.5+01:00' }, 'at', where)).toBe(
      Date.UTC(2023, 11, 31, 23, 0, 0, 500),
    );
    expect(() => requireInstant({ at: 'secret' }, 'at', where)).toThrow(
      protocol('Expected field at to be a date and time.'),
    );
    expect(() => requireInstant({ at: 1 }, 'at', where)).toThrow(protocol('a number'));
  });

  test('objectOrNone: any value but an object becomes an object without fields', () => {
    expect(objectOrNone({ a: 1 })).toEqual({ a: 1 });
    for (const value of [null, 'a', [1], raw]) expect(objectOrNone(value)).toEqual({});
  });

  test('objectIn: a cell that holds an object is read; any other becomes an object without fields', () => {
    expect(objectIn('{"a":"x","b":{"c":1}}')).toEqual({ a: 'x', b: { c: 1 } });
    expect(text(objectIn('{"a":1.10}')['a'])).toBe('1.10');
    for (const cell of ['', 'x', '[1]', '"a"', '1', '{', '{"a":1}x', '{a}', '{"a":'.repeat(5000)]) {
      expect(objectIn(cell)).toEqual({});
    }
  });

  test.each([
    ['a "b"', 'a "b"'],
    [null, ''],
    [undefined, ''],
    [raw, '1.10'],
    [12, '12'],
    [false, 'false'],
    [{ a: [raw] }, '{"a":[1.10]}'],
    [[], '[]'],
    ['half \ud800 a pair', 'half \ufffd a pair'],
    [['half \ud800 a pair'], '["half \\ud800 a pair"]'],
  ])('text: the cell of %j is %j', (value, cell) => {
    expect(text(value)).toBe(cell);
  });
});
