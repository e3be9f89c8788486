import { nearest } from '../base/did-you-mean.ts';
import { ExportError } from '../base/errors.ts';
import type { RowBuffer } from '../csv/row-buffer.ts';
import type { JsonObject } from '../json/values.ts';
import type { Columns, NativeColumn, Vendor, VendorEvent } from '../vendors/contract.ts';
import { isEncoded, isRow } from '../vendors/event-body.ts';
import { COMMON_COLUMNS, commonCells } from './common-columns.ts';
import { CsvCells } from './csv-cells.ts';
import { EXTRA_COLUMN, nativeRow } from './native-columns.ts';
import { type CellSource, type NativeTexts, RowCells } from './row-cells.ts';

/** The header of a table, and the ways from an event to a row. */
export interface TablePlan {
  /** The header: each name once. */
  readonly names: readonly string[];
  /** Writer of rows whose native cells may lie in anything. */
  readonly cells: RowCells;
  /** Returns the cells of one event, one for each name. Throws what the vendor's `common` throws. */
  readonly row: (event: VendorEvent) => string[];
  /** Writes the row of one event. A row of this table that is encoded already is copied. */
  readonly write: (event: VendorEvent, rows: RowBuffer) => void;
}

/**
 * Plans the table that `columns` asks for:
 * - `native`: the vendor's columns in its document's order and then `extra`; for CSV vendors, the header as it came;
 * - `common`: `COMMON_COLUMNS`;
 * - a list: columns of either table in the order given. A name that both tables have means the native one.
 *
 * A native column `actor.email` holds the field `email` of the object `actor`. Where a column `actor` stands beside it,
 * that one is filled only when the vendor sends something other than an object there.
 *
 * Throws `input` as `checkColumns` does.
 */
export function planTable({ vendor, org, columns, header }: TableOptions): TablePlan {
  if (vendor.columns === null && header === null && columns !== 'common') {
    throw new Error(`The native table of ${vendor.name} is planned before its header is known.`);
  }
  checkColumns(vendor, columns, header);
  const isCsv = vendor.format === 'csv';
  const native = isCsv ? (header ?? []) : [...(vendor.columns ?? []), EXTRA_COLUMN].map(({ name }) => name);
  const common = COMMON_COLUMNS.map(({ name }) => name);
  const names = columns === 'native' ? native : columns === 'common' ? common : columns;
  const sources = commonCells(vendor, org, native);
  const sourceOf = (name: string, index: number): CellSource => {
    const column = columns === 'native' ? index : columns === 'common' ? -1 : native.indexOf(name);
    return column === -1 ? (sources[common.indexOf(name)] as CellSource) : { kind: 'native', columns: [column] };
  };
  const cells = new RowCells(names.map(sourceOf), isCsv ? -1 : native.length - 1);
  const textsOf = isCsv ? textsOfRow(native) : textsOfFields(vendor.columns ?? []);
  const row = (event: VendorEvent) => cells.texts(event, textsOf(event.body));
  const csv = isCsv && columns !== 'native' && CsvCells.canWrite(native) ? new CsvCells(native) : null;
  const write = (event: VendorEvent, rows: RowBuffer) => {
    const { body } = event;
    if (!isRow(body)) rows.addCells(row(event));
    else if (isEncoded(body)) rows.addEncoded(body.bytes, body.from, body.to);
    else if (columns === 'native') rows.addRow(body);
    else if (csv === null) rows.addCells(row(event));
    else {
      csv.use(body);
      cells.write(event, csv, rows);
    }
  };
  return { names, cells, row, write };
}

interface TableOptions {
  readonly vendor: Vendor;
  readonly org: string;
  readonly columns: Columns;
  /**
   * Header of the CSV vendor; null for JSON vendors, and where `common` is planned before a CSV vendor has answered.
   */
  readonly header: readonly string[] | null;
}

/**
 * Refuses, as `input`, a list of columns that is empty, names a column twice, or names one that there is not.
 * The last is not checked for CSV vendors before their `header` is known.
 */
export function checkColumns(vendor: Vendor, columns: Columns, header: readonly string[] | null = null): void {
  if (typeof columns === 'string') return;
  if (columns.length === 0) throw refusal('`columns` names no column.', 'Leave it out for `native`.');
  const repeated = columns.find((name, index) => columns.indexOf(name) !== index);
  if (repeated !== undefined) throw refusal(`\`columns\` names ${repeated} twice.`, 'Name it once.');

  const native = header ?? nativeNames(vendor);
  if (native === null) return;
  const there = new Set([...native, ...COMMON_COLUMNS.map(({ name }) => name)]);
  const unknown = columns.find((name) => !there.has(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, there);
  throw refusal(
    `${vendor.name} has no column ${unknown}.${near === null ? '' : ` Did you mean ${near}?`}`,
    `Choose from: ${[...there].join(', ')}.`,
  );
}

/** Returns the names that the vendor's document promises; null where only the vendor's answer will tell. */
function nativeNames({ columns, format }: Vendor): readonly string[] | null {
  if (columns === null) return null;
  return (format === 'csv' ? columns : [...columns, EXTRA_COLUMN]).map(({ name }) => name);
}

/** Returns the native cells of a CSV vendor's row, each as it came, by its place. */
const textsOfRow =
  (header: readonly string[]) =>
  (body: VendorEvent['body']): NativeTexts => {
    const cells = isRow(body) && !isEncoded(body) ? body.cells : [];
    return { text: (column) => cells[column] ?? '', raw: () => JSON.stringify(byName(cells, header)) };
  };

/** Returns the native cells of a JSON vendor's event: the documented columns, then what they leave over. */
function textsOfFields(columns: readonly NativeColumn[]): (body: VendorEvent['body']) => NativeTexts {
  const cellsOf = nativeRow(columns);
  return (body) => {
    const fields = fieldsIn(body);
    const cells = cellsOf(fields);
    return { text: (column) => cells[column] ?? '', raw: () => JSON.stringify(fields) };
  };
}

/** Returns the vendor's own object. */
function fieldsIn(body: VendorEvent['body']): JsonObject {
  if (!isRow(body)) return body;
  return isEncoded(body) ? body.toJSON() : {};
}

function byName(cells: readonly string[], header: readonly string[]): JsonObject {
  return Object.fromEntries(header.map((name, index) => [name, cells[index] ?? '']));
}

function refusal(what: string, next: string): ExportError {
  return new ExportError('input', what, { where: 'input `columns`', next });
}
