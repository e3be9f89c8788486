import { describe, expect, test } from '@jest/globals';
import { ESCAPES, passPlain, skipBlank } from '../../../src/json/literals.ts';
import { passElement, Tokenizer } from '../../../src/json/tokenizer.ts';

type Pass = (bytes: Buffer, at: number, end: number) => number;

const BEFORE = '"1[';

/**
 * Where a pass over the text ends, counted from its start, with so many bytes behind it that may be read. It has to be the
 * same wherever the text stands, and nothing may be known of it where less may be read, whatever there is.
 */
function passed(pass: Pass, text: string, behind: string, toRead = 1): number {
  const alone = Buffer.from(text + behind.slice(0, toRead));
  const found = pass(alone, 0, alone.length - 1);
  const within = Buffer.from(BEFORE + text + behind);
  const from = BEFORE.length;
  const end = from + alone.length - 1;
  expect(pass(within, from, end)).toBe(found === -1 ? -1 : from + found);
  const early = Array.from({ length: end - from }, (_, count) => pass(within, from, from + count));
  expect(early.filter((place) => place !== -1)).toEqual([]);
  return found;
}

const passNested: Pass = (bytes, at, end) => new Tokenizer().passNested(bytes, at, end);

/** Whether the value is written as `JSON.stringify` writes it, as far as the tokenizer can tell. */
function isCompact(text: string): boolean {
  const tokenizer = new Tokenizer();
  const bytes = Buffer.from(`${text},`);
  expect(tokenizer.passNested(bytes, 0, bytes.length - 1)).toBe(bytes.length - 1);
  return tokenizer.isCompact;
}

const lengthOf = (text: string): number => Buffer.byteLength(text);

describe('passPlain: a number, true, false or null', () => {
  test.each([
    ...['true', 'false', 'null'],
    ...['0', '-0', '5', '-5', '9', '10', '90', '1234567890', '-1234567890'],
    ...['0.5', '-0.05', '1.50', '10.9', '1e5', '1E5', '1e+5', '1e-5', '0e0', '9E-09', '-1.25e+100'],
  ])('%s is passed', (text) => {
    // A number ends only if no digit follows.
    const toRead = /\d/.test(text) ? 2 : 1;
    for (const behind of [',1', ']]', '}}', ' 1']) expect(passed(passPlain, text, behind, toRead)).toBe(lengthOf(text));
  });

  test.each([
    ...['xrue', 'txue', 'trxe', 'trux', 'True', 'tru'],
    ...['fxlse', 'faxse', 'falxe', 'falsx', 'fals'],
    ...['nxll', 'nuxl', 'nulx', 'nul', 'NaN', 'Infinity'],
    ...['-', '--1', '+1', '.5', '-.5', '01', '-01', '00', '00.5', '1.', '-1.', '1.e5', '1..5'],
    ...['1e', '1E', '1e+', '1e-', '1e+-1', '1e.5', 'e5', '1.5e', '/', ':', '', '"a"', '[1]', '{}'],
  ])('the text %j is not passed', (text) => {
    // The bytes behind must not make a value of the text.
    for (const behind of [',,', ']]', '}}', '  ']) expect(passed(passPlain, text, behind)).toBe(-1);
  });

  test.each([
    ['1/', 1],
    ['1:', 1],
    ['1.5.5', 3],
    ['1e5e5', 3],
    ['1-1', 1],
    ['0x1', 1],
    ['truetrue', 4],
    ['falsefalse', 5],
    ['nullnull', 4],
  ])('%s starts with a value of %d bytes, which is passed', (text, length) => {
    expect(passPlain(Buffer.from(`${text},`), 0, lengthOf(text))).toBe(length);
  });
});

const deep = (levels: number, open: string, close: string): string =>
  `${open.repeat(levels - 1)}[]${close.repeat(levels - 1)}`;
const named = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, index) => `"n${from + index}":1`).join(',');

describe('passNested: an object or an array', () => {
  test.each([
    ['{}', '{}'],
    ['[]', '[]'],
    ['one value', '[1]'],
    ['values of each kind', '[true,false,null,-1.5e3,"a",{},[],[[]],{"a":{}}]'],
    ['fields of each kind', '{"a":true,"b":false,"c":null,"d":-1.5e3,"e":"a","f":{},"g":[],"h":[{}]}'],
    ['texts', '["","a b","é 🦊","\u007f"]'],
    ['escapes that JSON.stringify writes', String.raw`["\"","\\","\b\f\n\r\t","a\"b","\\\\"]`],
    ['brackets, commas and colons in texts', '{"]},:{[":"}],:"}'],
    ['names that are not numbers', '{"":1,"a0":2,"/":3,":":4,"-1":5,"é":6}'],
    ['the same name in neighbouring objects', '[{"a":1},{"a":2}]'],
    ['the same name in an object within', '{"a":{"a":{"a":1}}}'],
    ['a name that an object within had before', '{"a":{"b":1,"c":2},"b":3,"c":4}'],
    ['a name that an array within had before', '{"a":[{"b":1}],"b":3}'],
    ['32 levels of arrays', deep(32, '[', ']')],
    ['32 levels of objects', deep(32, '{"a":', '}')],
    ['32 levels of both', deep(31, '{"a":', '}').replace('[]', '[{}]')],
  ])('%s: is passed, and is compact', (_, text) => {
    expect(JSON.stringify(JSON.parse(text))).toBe(text.replace('-1.5e3', '-1500'));
    for (const behind of [',1', ']]', '}}', '""']) expect(passed(passNested, text, behind)).toBe(lengthOf(text));
    expect(isCompact(text)).toBe(true);
  });

  test.each([
    ['a blank after a bracket', '[ 1]'],
    ['a blank before a bracket', '[1 ]'],
    ['a blank after a comma', '[1, 2]'],
    ['a blank before a comma', '[1 ,2]'],
    ['a blank after a brace', '{ "a":1}'],
    ['a blank before a colon', '{"a" :1}'],
    ['a blank after a colon', '{"a": 1}'],
    ['a blank before a brace', '{"a":1 }'],
    ['a blank alone', '[ ]'],
    ['a slash that is escaped', String.raw`["\/"]`],
    ['a character by its number', String.raw`["\u0061"]`],
    ['half a surrogate pair', String.raw`["\ud83e"]`],
    ['line ends and tabs between all parts', '{\n"a"\r\n:\t[ 1\n,\n2 ]\n,\n"b"\n:\n{ }\n}'],
  ])('%s: is passed, and is not compact', (_, text) => {
    JSON.parse(text);
    for (const behind of [',1', ']]', '}}', '""']) expect(passed(passNested, text, behind)).toBe(lengthOf(text));
    expect(isCompact(text)).toBe(false);
  });

  test.each([
    ['a comma alone', '[,]'],
    ['a comma at first', '[,1]'],
    ['a comma too many', '[1,]'],
    ['a comma too many in an object', '{"a":1,}'],
    ['a comma for a field', '{,"a":1}'],
    ['something other than a comma', '[1;2]'],
    ['something other than a comma in an object', '{"a":1;"b":2}'],
    ['a name without a value', '{"a"}'],
    ['a colon without a value', '{"a":}'],
    ['something other than a colon', '{"a",1}'],
    ['a number for a name', '{1:1}'],
    ['a name that does not begin', '{xa":1}'],
    ['a name that does not end', String.raw`{"a\:1}`],
    ['a name that ends in a control character', '{"a\u001f:1}'],
    ['a value without a name', '{1}'],
    ['an object that ends as an array', '{"a":1]'],
    ['an array that ends as an object', '[1}'],
    ['an object within that ends as an array', '[{]]'],
    ['a value that is not JSON', '[x]'],
    ['a field whose value is not JSON', '{"a":x}'],
    ['a number that begins with 0', '[01]'],
    ['a character by three digits', String.raw`["\u006"]`],
    ['a character by a number that is not hexadecimal', String.raw`["\u00g1"]`],
    ['an escape that JSON does not have', String.raw`["\a"]`],
    ['a control character', '["\u001f"]'],
    ['a control character before a letter', '["\u001fn"]'],
    ['a line end', '["\n"]'],
    ['a name with an escape', String.raw`{"\n":1}`],
    ['a name with a quote', String.raw`{"\"":1}`],
    ['a name with a control character', '{"\u001f":1}'],
    ['a name that is a number', '{"0":1}'],
    ['a name that begins as a number', '{"9a":1}'],
    ['a name twice', '{"a":1,"a":2}'],
    ['a name twice, not side by side', '{"a":1,"b":2,"c":3,"a":4}'],
    ['a name twice, an object between', '{"a":{"b":1},"a":2}'],
    ['a name twice in an object within', '{"a":1,"b":{"c":1,"c":2}}'],
    ['an empty name twice', '{"":1,"":2}'],
    ['two names with an equal hash', '{"Aa":1,"BB":2}'],
    ['33 levels of arrays', deep(33, '[', ']')],
    ['33 levels of objects', deep(33, '{"a":', '}')],
    ['33 levels, the last an empty object', deep(32, '[', ']').replace('[]', '[{}]')],
  ])('%s: is not passed', (_, text) => {
    for (const behind of [',1', ']]', '}}', '""']) expect(passed(passNested, text, behind)).toBe(-1);
  });

  test.each([
    ['256 names', true, `{${named(256)}}`],
    ['257 names', false, `{${named(257)}}`],
    ['256 names around one place', true, `{${named(200)},"o":{${named(55)}}}`],
    ['257 names around one place', false, `{${named(200)},"o":{${named(56)}}}`],
    ['256 names around the last place of many', true, `{"a":{${named(255)}},"o":{${named(254)}}}`],
  ])('an object with %s: is passed: %s', (_, isPassed, text) => {
    const bytes = Buffer.from(`${text},`);
    expect(passNested(bytes, 0, bytes.length - 1)).toBe(isPassed ? text.length : -1);
  });
});

test('ESCAPES: has the byte of each escape that JSON.stringify writes, and no other', () => {
  const found = [...ESCAPES.entries()].filter(([, means]) => means !== 0);
  const texts = found.map(([letter]) => JSON.parse(`"\\${String.fromCharCode(letter)}"`));
  expect(texts).toEqual(found.map(([, means]) => String.fromCharCode(means)));
  expect(texts.sort()).toEqual([...'\b\t\n\f\r"\\'].sort());
});

describe('skipBlank', () => {
  test.each([
    ['', 0],
    [' ', 1],
    ['\t', 1],
    ['\n', 1],
    ['\r', 1],
    [' \t\r\n \n', 6],
    ['\v', 0],
    ['\f', 0],
    ['\0', 0],
    [' \u00a0', 1],
  ])('white space in %j: skips %d bytes', (text, count) => {
    const bytes = Buffer.from(`,${text}x `);
    expect(skipBlank(bytes, 1, bytes.length - 1)).toBe(1 + count);
  });

  test('white space up to the last byte: skips to the last byte', () => {
    const bytes = Buffer.from('    ');
    for (const [at, end] of [
      [0, 3],
      [0, 1],
      [2, 2],
    ] as const) {
      expect(skipBlank(bytes, at, end)).toBe(end);
    }
  });
});

describe('passElement: any element of an array', () => {
  const texts = [
    ...['1', ' true ', '"a"', '""', '{}', '[]', ' { "a" : [ 1 , 2 ] , "b" : { } } '],
    ...['"]"', '"}"', '","', '["]"]', '{"}":"{"}', '[[1,2],[3,[4]]]', '{"a":[{"b":[]}]}'],
    ...[String.raw`"\""`, String.raw`"\\"`, String.raw`"\\\""`, String.raw`"a\",]"`, String.raw`["\\"]`],
    ...['é', '', '[1}', '"\n"'],
  ];

  test.each(texts)('the element %j ends before the comma or the bracket behind it', (text) => {
    for (const behind of [',1', ']]', '}}']) expect(passed(passElement, text, behind)).toBe(lengthOf(text));
  });

  test.each(['[', '{"a":1', '[[1]', '"', '"a', String.raw`"\"`, '"a,', '["]'])(
    'the element %j does not end',
    (text) => {
      const bytes = Buffer.from(`${BEFORE}${text}`);
      expect(passElement(bytes, BEFORE.length, bytes.length - 1)).toBe(-1);
    },
  );
});
