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
  optionalString,
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
/** JSON text without spaces. Names are prefixed so that none is an integer, which JavaScript puts first. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    numberText,
    fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value)),
    fc.constantFrom('null', 'true', 'false', '"-0"', '"a:1.10,"'),
    fc.array(tie('json')).map((values) => `[${values.join(',')}]`),
    fc
      .uniqueArray(fc.tuple(fc.string(), tie('json')), { selector: ([name]) => name })
      .map((fields) => `{${fields.map(([name, value]) => `${JSON.stringify(`_${name}`)}:${value}`).join(',')}}`),
  ),
}));

describe('readJson', () => {
  test('keeps every number digit for digit', () => {
    fc.assert(
      fc.property(json, (source) => {
        expect(JSON.stringify(readJson(answer(source)))).toBe(source);
      }),
      { numRuns: 2_000 },
    );
  });

  test('keeps them whatever space stands around them', () => {
    const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 });
    fc.assert(
      fc.property(numberText, space, space, (number, before, after) => {
        const around = `${before}${number}${after}`;
        expect(JSON.stringify(readJson(answer(around)))).toBe(number);
        expect(JSON.stringify(readJson(answer(`[1,${around},{"a":${around}}]`)))).toBe(`[1,${number},{"a":${number}}]`);
      }),
    );
  });

  test('leaves a number that JavaScript writes as the vendor did a number', () => {
    expect(readJson(answer('[0, 1.5, 1704067200000, 9007199254740991]'))).toEqual([
      0, 1.5, 1704067200000, 9007199254740991,
    ]);
  });

  test('refuses what is nested deeper than can be written again', () => {
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

  test('keeps a field __proto__ a field', () => {
    const read = asObject(readJson(answer('{"__proto__":{"polluted":1.10}}')), 'it', where);
    expect(field(read, 'polluted')).toBeUndefined();
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(JSON.stringify(read)).toBe('{"__proto__":{"polluted":1.10}}');
  });

  test('drops a byte order mark', () => {
    expect(readJson(answer('\ufeff{}'))).toEqual({});
  });

  test.each([
    ['nothing', ''],
    ['half an object', '{"secret": "a'],
    ['HTML', '<html>secret</html>'],
    ['a stray character', '{"a": "secret" x}'],
    ['two values', '{} {"secret": 1.10}'],
    ['a text that names a position', '{"a": secret in JSON at position 7'],
  ])('refuses %s without quoting it', (_, body) => {
    const read = () => readJson(answer(body));
    expect(read).toThrow(protocol('not JSON'));
    expect(read).toThrow(expect.not.objectContaining({ cause: expect.anything() }));
    expect(read).not.toThrow(/secret/);
  });

  test('refuses bytes that are not UTF-8', () => {
    expect(() => readJson(answer(Buffer.from([0x22, 0xff, 0x22])))).toThrow(protocol('not UTF-8'));
  });
});

describe('fields', () => {
  const [raw] = asArray(readJson(answer('[1.10]')), 'it', where);

  test('an object is neither null, an array, nor a number', () => {
    expect(isObject({})).toBe(true);
    for (const value of [null, [], raw, 1, 'a', undefined]) expect(isObject(value)).toBe(false);
    expect(() => asObject(raw, 'data[3]', where)).toThrow(protocol('Expected data[3] to be an object, not a number.'));
    expect(() => asObject(undefined, 'data', where)).toThrow(protocol('missing'));
  });

  test('an array is an array', () => {
    expect(asArray([1], 'data', where)).toEqual([1]);
    expect(() => asArray({}, 'data', where)).toThrow(protocol('Expected data to be an array, not an object.'));
  });

  test('only own fields count', () => {
    expect(field({}, 'toString')).toBeUndefined();
    expect(() => requireString({}, 'constructor', where)).toThrow(protocol('field constructor'));
  });

  test('a required string is a string, and may be empty', () => {
    expect(requireString({ id: '' }, 'id', where)).toBe('');
    for (const id of [null, 1, true, {}, []]) {
      expect(() => requireString({ id }, 'id', where)).toThrow(protocol('Expected field id to be a string'));
    }
  });

  test('an optional string is null where it is missing or null', () => {
    expect(optionalString({ id: 'a' }, 'id', where)).toBe('a');
    expect(optionalString({ id: null }, 'id', where)).toBeNull();
    expect(optionalString({}, 'id', where)).toBeNull();
    expect(() => optionalString({ id: 7 }, 'id', where)).toThrow(protocol('a number'));
  });

  test('a required number is finite', () => {
    const total = (source: string) => requireNumber(asObject(readJson(answer(source)), 'it', where), 'total', where);
    expect(total('{"total":12}')).toBe(12);
    expect(total('{"total":1.10}')).toBe(1.1);
    expect(() => total('{"total":1e400}')).toThrow(protocol('Expected field total to be a finite number'));
    expect(() => total('{"total":"12"}')).toThrow(protocol('a string'));
    expect(() => total('{}')).toThrow(protocol('missing'));
  });

  test('an instant is a timestamp in a string', () => {
    expect(requireInstant({ at: '2024-01-01T00:00:00.5+01:00' }, 'at', where)).toBe(
      Date.UTC(2023, 11, 31, 23, 0, 0, 500),
    );
    expect(() => requireInstant({ at: 'secret' }, 'at', where)).toThrow(
      protocol('Expected field at to be a date and time.'),
    );
    expect(() => requireInstant({ at: 1 }, 'at', where)).toThrow(protocol('a number'));
  });

  test('what is no object may be taken for an empty one', () => {
    expect(objectOrNone({ a: 1 })).toEqual({ a: 1 });
    for (const value of [null, 'a', [1], raw]) expect(objectOrNone(value)).toEqual({});
  });

  test('objectIn gives the object that a cell holds, and one without fields for all else', () => {
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
  ])('the cell of %j is %j', (value, cell) => {
    expect(text(value)).toBe(cell);
  });
});
