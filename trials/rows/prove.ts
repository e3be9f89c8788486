/** Whether the two kernels of the row path do what csv-stringify and csv-parse do, and how much faster. */

import { parse } from 'csv-parse/sync';
import { firstCell } from '../../src/csv/csv-row.ts';
import { encodeRows } from '../../src/csv/encode.ts';
import { scanCsv } from '../../src/csv/parser.ts';
import { RowBuffer } from '../../src/csv/row-buffer.ts';
import { chunksOf } from '../fuzz/chunks.ts';
import { insist } from '../fuzz/target.ts';
import type { Dice } from '../year/dice.ts';
import { type Table, tablesFrom } from './tables.ts';
import { WRITER_NAMES, writtenBy } from './writers.ts';

/** What was proved, and the time of the processor that each took, in microseconds. */
export interface Proof {
  tables: number;
  rows: number;
  cells: number;
  /** As `RowBuffer` has it. */
  bytes: number;
  chunks: number;
  /** Rows that were read and copied as they stood. */
  copied: number;
  /** Rows that were read, decoded and written anew. */
  rewritten: number;
  readonly micros: { rowBuffer: number; csvStringify: number; scanCsv: number; csvParse: number };
}

const FIRST = firstCell('an "environment"');
const PARSE = { bom: true, record_delimiter: ['\r\n', '\n'] };

/** Throws where a table comes out otherwise than by the reference; the error names the table. */
export async function prove(seed: number, rows: number): Promise<Proof> {
  const micros = { rowBuffer: 0, csvStringify: 0, scanCsv: 0, csvParse: 0 };
  const proof = { tables: 0, rows: 0, cells: 0, bytes: 0, chunks: 0, copied: 0, rewritten: 0, micros };
  const buffer = new RowBuffer();
  for (const { table, dice } of tablesFrom(seed, rows)) {
    const bytes = proveWritten(table, buffer, proof);
    const foreign = dice.pick(WRITER_NAMES);
    await proveRead(table, bytes, bytes, 'RowBuffer', dice, proof);
    await proveRead(table, writtenBy(foreign, table), bytes, foreign, dice, proof);
    proof.tables += 1;
    proof.rows += table.rows.length;
    proof.cells += table.rows.length * table.header.length;
    proof.bytes += bytes.length;
  }
  return proof;
}

/** The table's bytes as `RowBuffer` has them. */
function proveWritten({ header, rows }: Table, buffer: RowBuffer, { tables, micros }: Proof): Buffer {
  const all = [header, ...rows];
  buffer.clear();
  micros.rowBuffer += spent(() => {
    for (const row of all) buffer.addCells(row);
  });
  let reference = Buffer.of();
  micros.csvStringify += spent(() => {
    reference = Buffer.from(encodeRows(all));
  });
  insist(buffer.bytes.equals(reference), `table ${tables}: RowBuffer writes other bytes than csv-stringify`);
  insist(buffer.rows === all.length && buffer.ends.length === all.length, `table ${tables}: another number of rows`);
  const slices = all.map((_, index) => buffer.slice(index));
  insist(Buffer.concat(slices).equals(reference), `table ${tables}: the rows one by one are not all of them`);
  insist(
    slices.every((slice) => slice.subarray(-2).toString() === '\r\n'),
    `table ${tables}: a row does not end where its line does`,
  );

  let parsed: string[][] = [];
  micros.csvParse += spent(() => {
    parsed = parse(reference, PARSE);
  });
  insist(sameRows(parsed, all), `table ${tables}: csv-parse reads other cells`);
  return reference;
}

/** Reads `written` in pieces: the cells have to be the table's, and the bytes, written anew, `bytes`. */
async function proveRead(
  { header, rows }: Table,
  written: Buffer,
  bytes: Buffer,
  writer: string,
  dice: Dice,
  proof: Proof,
): Promise<void> {
  const what = `table ${proof.tables}, written by ${writer}`;
  const cuts = cutsOf(written.length, dice);
  proof.chunks += cuts.length + 1;
  const found = [];
  const begun = process.cpuUsage();
  for await (const batch of scanCsv(chunksOf(written, cuts), what, { nul: true })) {
    insist(sameCells(batch.header, header), `${what}: another header`);
    found.push(...batch.rows);
  }
  if (writer === 'RowBuffer') proof.micros.scanCsv += microsSince(begun);

  const cells = found.map((row) => row.cells);
  insist(sameRows(cells, rows), `${what}: other cells`);
  const column = dice.whole(0, header.length - 1);
  insist(
    found.every((row, index) => row.cell(column) === cells[index]?.[column]),
    `${what}: another cell ${column}`,
  );

  const copy = new RowBuffer();
  copy.addCells(header);
  for (const row of found) copy.addRow(row);
  insist(copy.bytes.equals(bytes), `${what}: other bytes when its rows are added`);
  const copied = found.filter(({ plain }) => plain).length;
  insist(writer !== 'RowBuffer' || copied === rows.length, `${what}: its rows could be copied, and were not`);
  proof.copied += copied;
  proof.rewritten += rows.length - copied;

  copy.clear();
  for (const row of found) copy.addRow(row.withFirst(FIRST));
  const longer = new RowBuffer();
  for (const row of rows) longer.addCells([FIRST.text, ...row]);
  insist(copy.bytes.equals(longer.bytes), `${what}: other bytes when its rows are given a first cell`);
}

/** Some places, anywhere: often between the bytes of a character, or of a line end. */
function cutsOf(length: number, dice: Dice): number[] {
  const cuts = Array.from({ length: dice.whole(0, 12) }, () => dice.whole(0, length));
  return cuts.flatMap((cut) => (dice.chance(0.5) ? [cut, Math.min(length, cut + 1)] : [cut])).sort((a, b) => a - b);
}

/** UTF-8 has no half of a surrogate pair: U+FFFD stands for one. */
const sameCells = (found: readonly string[], cells: readonly string[]): boolean =>
  found.length === cells.length && cells.every((cell, index) => found[index] === cell.toWellFormed());

const sameRows = (found: readonly (readonly string[])[], rows: Table['rows']): boolean =>
  found.length === rows.length && rows.every((row, index) => sameCells(found[index] ?? [], row));

function spent(work: () => void): number {
  const begun = process.cpuUsage();
  work();
  return microsSince(begun);
}

function microsSince(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun);
  return user + system;
}
