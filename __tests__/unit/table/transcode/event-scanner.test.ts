import { describe, expect, test } from '@jest/globals';
import { EventScanner } from '../../../../src/table/transcode/event-scanner.ts';
import type { EventShape } from '../../../../src/vendors/contract.ts';

const shapeOf = (columns: readonly string[], others: Partial<EventShape> = {}): EventShape => ({
  columns: columns.map((name) => ({ name, meaning: '' })),
  time: 'at',
  id: 'id',
  strings: [],
  ...others,
});

const SHAPE = shapeOf(['id', 'at', 'a', 'b', 'o', 'o.x', 'o.y', 'p.x']);
const TIME = '2026-11-01T00:00:00Z';
const NEEDED = `"id":"i","at":"${TIME}"`;
const event = (fields: string): string => `{${NEEDED}${fields === '' ? '' : `,${fields}`}}`;

/**
 * Whether the object is gone over, alone and between others; never where less of it may be read, whatever there is
 * behind.
 */
function isPassed(text: string, shape = SHAPE): boolean {
  const cells = new EventScanner(shape);
  const bytes = Buffer.from(`{},${text},`);
  const from = 3;
  const end = bytes.length - 1;
  const isWhole = cells.scan(bytes, from, end) !== -1;
  // What the event before had is not taken for its own.
  const early = Array.from({ length: end - from }, (_, count) => cells.scan(bytes, from, from + count));
  expect(early.filter((place) => place !== -1)).toEqual([]);
  expect(cells.scan(bytes, from, end)).toBe(isWhole ? end : -1);
  return isWhole;
}

describe('EventScanner, scans an event that has', () => {
  test.each([
    ['what is needed alone', ''],
    ['numbers', '"a":1,"b":-2.5e3'],
    ['true, false and null', '"a":true,"b":false,"o":null'],
    ['texts', '"a":"","b":"é 🦊, \u007f"'],
    ['escapes', String.raw`"a":"\"\\\/\b\f\n\r\t","b":"x\\"`],
    ['objects and arrays', '"a":{"x":[1,{"y":2}]},"b":[[],{}]'],
    ['an empty object where parts are known', '"p":{}'],
    ['an empty object with a blank where parts are known', '"p":{ }'],
    ['null where parts are known', '"p":null'],
    ['parts', '"p":{"x":1},"o":{"x":1,"y":"z"}'],
    ['parts in another order', '"o":{"y":[],"x":{}},"p":{"x":null}'],
    ['a whole where parts are known, too', '"o":[1]'],
    ['a text where parts are known, too', '"o":"x"'],
    ['a field that no column holds', '"z":1'],
    ['a field that is called as the beginning of one', '"":1'],
    ['a part that no column holds', '"o":{"z":1}'],
    ['a text where only parts are known', '"p":"x"'],
    ['a number where only parts are known', '"p":1'],
    ['an array where only parts are known', '"p":[]'],
    ['a character by its number', String.raw`"a":"\u0061"`],
    ['a blank in an object', '"a":{"x": 1}'],
    ['fields of each kind that no column holds', '"z":{"x":[1, {}]},"y":"\\u0041","x":null,"w":-1.5'],
  ])('%s', (_, fields) => {
    expect(isPassed(event(fields))).toBe(true);
    expect(isPassed(`{${fields}${fields === '' ? '' : ','}${NEEDED}}`)).toBe(true);
  });

  test.each([' ', '\t', '\n', '\r', ' \r\n\t '])('%j between all of its parts', (blank) => {
    const signs = ['{', NEEDED.replaceAll(/[:,](?=")/g, `${blank}$&${blank}`), ',', '"a"', ':', '1', ',', '"b"', ':'];
    signs.push('"x"', ',', '"o"', ':', '{', '"y"', ':', '[1,2]', ',', '"x"', ':', 'null', '}', '}');
    expect(isPassed(signs.join(blank))).toBe(true);
  });
});

describe('EventScanner, returns -1 for an event that has', () => {
  test.each([
    ['something like null where only parts are known', '"p":nil'],
    ['a field twice', '"a":1,"a":2'],
    ['a field twice that no column holds', '"z":1,"z":2'],
    ['a part twice that no column holds', '"o":{"z":1,"z":2}'],
    ['a field whose name begins with a digit', '"0":1'],
    ['a field that no column holds, with an escape in its name', String.raw`"\u007a":1`],
    ['a field without a value that no column holds', '"z"'],
    ['a field that no column holds, whose value is none', '"z":x'],
    ['a character by three digits', String.raw`"a":"\u006"`],
    ['a field twice, not side by side', '"a":1,"b":2,"a":3'],
    ['a part twice', '"o":{"x":1,"x":2}'],
    ['parts twice', '"p":{"x":1},"p":{}'],
    ['a name without a value', '"a"'],
    ['a colon without a value', '"a":'],
    ['something other than a colon', '"a";1'],
    ['two colons', '"a"::1'],
    ['something other than a comma', '"a":1;"b":2'],
    ['no comma', '"a":1"b":2'],
    ['a comma too many', '"a":1,'],
    ['a comma too many between', '"a":1,,"b":2'],
    ['a comma too many in an object', '"o":{"x":1,}'],
    ['an object that ends as an array', '"o":{"x":1]'],
    ['a value that is none', '"a":x'],
    ['a number that is none', '"a":01'],
    ['a name without quotes', 'a:1'],
    ['a control character', '"a":"\u001f"'],
    ['a NUL', '"a":"\0"'],
    ['a line end', '"a":"\n"'],
    ['a control character between', '"a":\u001f1'],
    ['a control character before a comma', '"a":1\u001f,"b":1'],
    ['a control character after a comma', '"a":1,\u001f"b":1'],
    ['a control character before a colon', '"a"\u001f:1'],
    ['an escape that there is not', String.raw`"a":"\a"`],
    ['an array that does not end', '"a":[1'],
  ])('%s', (_, fields) => {
    expect(isPassed(event(fields))).toBe(false);
  });

  test.each([
    ['no id', `{"at":"${TIME}"}`],
    ['an id that is a number', `{"id":1,"at":"${TIME}"}`],
    ['an id that is null', `{"id":null,"at":"${TIME}"}`],
    ['an id that is an object', `{"id":{},"at":"${TIME}"}`],
    ['no time', '{"id":"i"}'],
    ['a time that is a number', '{"id":"i","at":1}'],
    ['a time that is an array', '{"id":"i","at":[]}'],
    ['nothing', '{}'],
    ['nothing but a blank', '{ }'],
    ['a comma alone', '{,}'],
  ])('%s', (_, text) => {
    expect(isPassed(text)).toBe(false);
  });
});

describe('EventScanner, fields that have to be strings', () => {
  const shape = shapeOf(['id', 'at', 'a', 'b', 'o.x'], { strings: [['a', 'b'], ['o.x']] });

  test.each([
    ['the first of two', '"a":"","o":{"x":"y"}', true],
    ['the second of two', '"b":"z","o":{"x":"y"}', true],
    ['both', String.raw`"a":"\"","b":"z","o":{"x":"\t"}`, true],
    ['one, the other something else', '"a":1,"b":"z,","o":{"x":"y"}', true],
    ['none of two', '"o":{"x":"y"}', false],
    ['none of two, which are something else', '"a":1,"b":null,"o":{"x":"y"}', false],
    ['not the other', '"a":"z"', false],
    ['not the other, which is something else', '"a":"z","o":{"x":1}', false],
  ])('%s: scans: %j', (_, fields, isDue) => {
    expect(isPassed(event(fields), shape)).toBe(isDue);
  });

  test.each([
    ['the time', { time: 'x' }],
    ['the id', { id: 'x' }],
    ['one of others', { strings: [['a'], ['b', 'x']] }],
  ])('%s that is no column: throws', (_, others) => {
    expect(() => new EventScanner(shapeOf(['id', 'at', 'a', 'b'], others))).toThrow('There is no column x.');
  });
});

describe('EventScanner, of the event scanned last', () => {
  const scanned = (text: string, shape = SHAPE) => {
    const cells = new EventScanner(shape);
    const bytes = Buffer.from(`${text},`);
    expect(cells.scan(bytes, 0, bytes.length - 1)).toBe(bytes.length - 1);
    return { time: cells.time, id: cells.id };
  };

  test.each([
    [TIME, Date.UTC(2026, 10, 1)],
    ['2026-11-01 00:00:00.250+01:00', Date.UTC(2026, 9, 31, 23, 0, 0, 250)],
    ['2026-11-01', null],
    ['', null],
    [' 2026-11-01T00:00:00Z', null],
    ['2026-11-01T00:00:00Z,', null],
    [String.raw`2026-11-01T00:00:00Z\t`, null],
    [String.raw`2026-11-01T00:00:00Z\"`, null],
  ])('time %j: is %j', (time, ms) => {
    expect(scanned(`{"id":"i","at":"${time}"}`).time).toBe(ms);
  });

  test.each(['', 'i', 'é🦊', 'a,b', ' a', String.raw`\\`, String.raw`\"`, String.raw`a\/\t\n`])(
    'id "%s": is what the parser makes of it',
    (id) => {
      expect(scanned(`{"at":"${TIME}","id":"${id}"}`).id).toBe(JSON.parse(`"${id}"`));
    },
  );

  test('events without an id: id is null, whatever stands in its place', () => {
    const shape = shapeOf(['id', 'at'], { id: null });
    expect(scanned(`{"at":"${TIME}","id":"i"}`, shape).id).toBeNull();
    expect(scanned(`{"at":"${TIME}","id":5}`, shape).id).toBeNull();
    expect(scanned(`{"at":"${TIME}"}`, shape).id).toBeNull();
  });
});
