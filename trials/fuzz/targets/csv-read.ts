/** The reader of the vendors' CSV against csv-parse; and whole against in pieces. */

import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { type ScanOptions, scanCsv } from '../../../src/csv/parser.ts';
import { readCsv } from '../../../src/csv/read-csv.ts';
import { chunksOf } from '../chunks.ts';
import { edited, editsOf } from '../mutations.ts';
import { attempt, expected, insist, target } from '../target.ts';

const PIECES = ['"', '""', ',', '\r', '\n', '\r\n', ' ', 'a', 'é', '\ufeff', '\0', '🦊', '0', ';', '\t', "'"];

const cell = fc.record({
  text: fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...PIECES), maxLength: 6 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  ),
  quoted: fc.boolean(),
});
type Cell = { readonly text: string; readonly quoted: boolean };

const written = ({ text, quoted }: Cell): string =>
  quoted ? `"${text.replaceAll('"', '""')}"` : text.replaceAll(/[",\r\n]/g, '');

/** Tables of nearly equal rows, each line with an end of its own. */
const grammatical = fc.integer({ min: 1, max: 4 }).chain((width) => {
  const row = fc.oneof(
    { weight: 20, arbitrary: fc.array(cell, { minLength: width, maxLength: width }) },
    { weight: 1, arbitrary: fc.array(cell, { minLength: 1, maxLength: 5 }) },
  );
  const end = fc.constantFrom('\r\n', '\n');
  const header = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', 'é', ' '), minLength: 1, maxLength: 4 }), {
    minLength: width,
    maxLength: width,
  });
  return fc.record({
    mark: fc.constantFrom('', '', '', '\ufeff'),
    header: fc.tuple(header, end),
    rows: fc.array(fc.tuple(row, end), { maxLength: 5 }),
    lastEnd: fc.boolean(),
  });
});

const documents = grammatical.map(({ mark, header: [names, end], rows, lastEnd }) => {
  const lines = rows.map(([cells, lineEnd]) => cells.map(written).join(',') + lineEnd);
  const text = mark + names.join(',') + end + lines.join('');
  return Buffer.from(lastEnd ? text : text.replace(/\r?\n$/, ''));
});

const anything = fc.string({ unit: fc.constantFrom(...PIECES), maxLength: 30 }).map((text) => Buffer.from(text));

const inputs = fc.record({
  bytes: fc.oneof({ weight: 4, arbitrary: documents }, { weight: 1, arbitrary: anything }),
  edits: editsOf(PIECES, 3),
  nul: fc.boolean(),
  cuts: fc.array(fc.nat(60), { maxLength: 4 }),
});

/** Inputs that csv-parse takes and this reader refuses by design: by message, and whether the input is such a one. */
const STRICTER: readonly (readonly [RegExp, (bytes: Buffer, cells: readonly string[][]) => boolean])[] = [
  [/is not UTF-8/, (bytes) => !isUtf8(bytes)],
  [/is empty/, (_, cells) => cells.length === 0],
  [/holds a NUL/, (bytes) => bytes.includes(0)],
  [/header has no name/, (_, [header = []]) => header.includes('')],
  [/header have the same name/, (_, [header = []]) => new Set(header).size < header.length],
  // csv-parse takes a NUL after a closing quote for a comment, and puts it into the cell.
  [/text after a closing quote/, (bytes) => bytes.includes(0)],
  [/a carriage return that ends no line/, (_, cells) => cells.flat().some((one) => one.includes('\r'))],
];

export const csvRead = target({
  name: 'csv-read',
  holds: 'readCsv gives the cells that csv-parse gives, or refuses with `protocol`; so does scanCsv, from any chunks',
  runs: 10_000,
  sample: 1_000,
  inputs,
  async check({ bytes, edits, nul, cuts }) {
    const body = edited(bytes, edits);
    const ours = attempt(['protocol'], () => readCsv({ body, where: 'GET /csv' }, { nul }));
    const theirs = parsed(body);
    const places = cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b);
    const inPieces = await scanned(body, places, { nul });
    if ('value' in ours) {
      const { header } = ours.value;
      const rows = ours.value.rows.map(({ cells }) => cells);
      insist(isUtf8(body), 'taken, but is not UTF-8', body.toString('latin1'));
      insist(theirs !== null, 'taken, but not by csv-parse', body.toString(), rows);
      insist(isDeepStrictEqual([header, ...rows], theirs), 'other cells than csv-parse', body.toString(), rows);
      insist(isDeepStrictEqual(inPieces, theirs), 'other cells in pieces', body.toString(), places, inPieces);
      return 'taken';
    }
    const { message } = ours;
    insist(inPieces === message, 'not so refused in pieces', body.toString(), places, message, inPieces);
    if (theirs === null) return 'refused';
    const reason = STRICTER.find(([pattern]) => pattern.test(message));
    insist(reason?.[1](body, theirs) === true, 'refused, but taken by csv-parse', body.toString(), message);
    return 'refused';
  },
});

/** The cells, or the message of the refusal. */
async function scanned(body: Buffer, cuts: readonly number[], options: ScanOptions): Promise<string[][] | string> {
  const rows: string[][] = [];
  let header: readonly string[] = [];
  try {
    for await (const batch of scanCsv(chunksOf(body, cuts), 'GET /csv', options)) {
      header = batch.header;
      rows.push(...batch.rows.map(({ cells }) => cells));
    }
  } catch (error) {
    return expected(['protocol'], error).message;
  }
  return [[...header], ...rows];
}

/** null where csv-parse refuses. */
function parsed(body: Buffer): string[][] | null {
  try {
    return parse(body, { record_delimiter: ['\r\n', '\n'], bom: true });
  } catch {
    return null;
  }
}
