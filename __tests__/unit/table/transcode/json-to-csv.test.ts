import { describe, expect, test } from '@jest/globals';
import { encodeRow } from '../../../../src/csv/encode.ts';
import { Copier } from '../../../../src/table/transcode/json-to-csv.ts';

const ROOM = 300;

/** What a way of copying writes between bytes of others, which have to stay. */
function written(source: Buffer, write: (copier: Copier, start: number) => number, start = 5): string {
  const into = Buffer.alloc(ROOM, '.');
  const end = write(new Copier(source, into), start);
  expect(into.toString('latin1', 0, start)).toBe('.'.repeat(start));
  return into.toString('utf8', start, end);
}

/** The same, where nothing behind what is written may change either. */
function exactly(source: Buffer, write: (copier: Copier, start: number) => number, start: number): string {
  const into = Buffer.alloc(ROOM, '.');
  const end = write(new Copier(source, into), start);
  expect(into.toString('latin1', end)).toBe('.'.repeat(ROOM - end));
  return written(source, write, start);
}

describe('Copier.copy', () => {
  const source = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

  test.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 63, 64, 65, 66, 67, 68, 129])(
    '%d bytes: are copied as they are',
    (length) => {
      for (const from of [0, 1, 2, 3, 90]) {
        for (const start of [0, 1, 2, 3, 90]) {
          const into = Buffer.alloc(ROOM, '.');
          expect(new Copier(source, into).copy(from, from + length, start)).toBe(start + length);
          const expected = Buffer.alloc(ROOM, '.');
          source.copy(expected, start, from, from + length);
          expect(into.equals(expected)).toBe(true);
        }
      }
    },
  );

  test('parts of a memory that others share: are copied', () => {
    const all = Buffer.from('..abcdefghij..____________..');
    new Copier(all.subarray(2, 12), all.subarray(14, 26)).copy(1, 10, 2);
    expect(all.toString()).toBe('..abcdefghij..__bcdefghij_..');
  });
});

describe('Copier.unescape', () => {
  test.each([
    ['a tab', String.raw`a\tb`],
    ['a tab at the start', String.raw`\tb`],
    ['a tab at the end', String.raw`b\t`],
    ['each that needs no quotes', String.raw`\\\/\b\f\t`],
    ['a slash that stands bare, too', String.raw`/\/`],
    ['other characters', String.raw`é\t🦊`],
    ['a space at the start', String.raw` \t`],
    ['a space at the end', String.raw`\t `],
    ['a byte order mark at the start', '\ufeff\\t'],
    ['a byte order mark at the end', '\\t\ufeff'],
  ])('%s, quoted where its ends need it', (_, json) => {
    const source = Buffer.from(`"${json}"`);
    const write = (copier: Copier, start: number) => copier.unescape(1, source.length - 1, start, false);
    const cell = encodeRow([JSON.parse(`"${json}"`), '']).slice(0, -3);
    for (const start of [0, 1, 100]) expect(written(source, write, start)).toBe(cell);
  });

  test.each([
    ['a quote', String.raw`\"`],
    ['quotes among others', String.raw`\"a\"\"b\\`],
    ['line ends', String.raw`a\r\nb`],
    ['a comma', String.raw`\t,`],
  ])('%s, known to need quotes', (_, json) => {
    const source = Buffer.from(`"${json}"`);
    const write = (copier: Copier, start: number) => copier.unescape(1, source.length - 1, start, true);
    const cell = encodeRow([JSON.parse(`"${json}"`), '']).slice(0, -3);
    for (const start of [0, 1, 100]) expect(exactly(source, write, start)).toBe(cell);
  });
});

describe('Copier.quote', () => {
  test.each([
    ...['{}', '[]', '[1]', '[[true]]', '[1,2]', '["a"]', '{"a":1}', '{"é":["🦊",null]}'],
    ...['[ 1 ]', '[-1.5]', '[1+2]', String.raw`["\""]`, '["!#$%&\'()*"]'],
  ])('%s: is quoted where it has quotes or commas', (json) => {
    const source = Buffer.from(`${json},`);
    const write = (copier: Copier, start: number) => copier.quote(0, source.length - 1, start);
    for (const start of [0, 1, 100]) expect(written(source, write, start)).toBe(encodeRow([json, '']).slice(0, -3));
  });
});
