import { ExportError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { Columns, CommonFields, JsonObject, NativeColumn, Vendor, VendorEvent } from '../types.ts';
import { formatInstant } from '../window.ts';
import { COMMON_COLUMNS } from './common.ts';
import { EXTRA_COLUMN, fieldCells } from './native.ts';
import { CsvRow } from './row.ts';

/** What a table's header is, and how an event becomes a row of it. */
export interface TablePlan {
  /** The header: each name once. */
  readonly names: readonly string[];
  /** The cells of one event, one for each name. Throws nothing of its own; what the vendor's `common` throws. */
  readonly row: (event: VendorEvent) => string[];
}

/** One event; what is made of it is made once, and only where a column asks for it. */
interface Reading {
  readonly event: VendorEvent;
  /** The event's JSON object; for CSV vendors the cells by header name. */
  readonly fields: JsonObject;
  readonly common: CommonFields;
}

type Cell = (reading: Reading) => string;

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
  const native = vendor.format === 'csv' ? headerCells(header ?? []) : jsonCells(vendor.columns ?? []);
  const common = commonCells(vendor, org);
  const names = columnNames(columns, native);

  const cells = names.map((name) => (columns === 'common' ? undefined : native.get(name)) ?? known(common, name));
  return {
    names,
    row: (event) => {
      const reading = read(event, vendor, header);
      return cells.map((cell) => cell(reading));
    },
  };
}

interface TableOptions {
  readonly vendor: Vendor;
  readonly org: string;
  readonly columns: Columns;
  /** The CSV vendor's own; null for JSON vendors, and where `common` is planned before a CSV vendor has answered. */
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

/** What the vendor's document lets expect; null where only its answer will tell. */
function nativeNames({ columns, format }: Vendor): readonly string[] | null {
  if (columns === null) return null;
  return (format === 'csv' ? columns : [...columns, EXTRA_COLUMN]).map(({ name }) => name);
}

function columnNames(columns: Columns, native: ReadonlyMap<string, Cell>): readonly string[] {
  if (columns === 'native') return [...native.keys()];
  if (columns === 'common') return COMMON_COLUMNS.map(({ name }) => name);
  return columns;
}

/** CSV vendors: each cell as it came, by its place. */
function headerCells(header: readonly string[]): Map<string, Cell> {
  return new Map(
    header.map((name, index) => [name, ({ event }) => (event.body instanceof CsvRow ? event.body.cell(index) : '')]),
  );
}

/** JSON vendors: the documented columns, then what they leave over. */
function jsonCells(columns: readonly NativeColumn[]): Map<string, Cell> {
  return new Map([...fieldCells(columns)].map(([name, cell]) => [name, ({ fields }) => cell(fields)]));
}

function commonCells(vendor: Vendor, org: string): Map<string, Cell> {
  const own: Record<string, Cell> = {
    time: ({ event }) => (event.time === null ? '' : formatInstant(event.time)),
    vendor: () => vendor.id,
    org: () => org,
    id: ({ event }) => event.id ?? '',
    raw: ({ fields }) => JSON.stringify(fields),
  };
  return new Map(
    COMMON_COLUMNS.map(({ name }) => [name, own[name] ?? (({ common }) => common[name as keyof CommonFields] ?? '')]),
  );
}

function known(cells: ReadonlyMap<string, Cell>, name: string): Cell {
  const cell = cells.get(name);
  if (cell === undefined) throw new Error(`No column ${name}: checkColumns has let it pass.`);
  return cell;
}

function read(event: VendorEvent, vendor: Vendor, header: readonly string[] | null): Reading {
  let fields: JsonObject | undefined;
  let common: CommonFields | undefined;
  return {
    event,
    get fields() {
      fields ??= event.body instanceof CsvRow ? byName(event.body.cells, header ?? []) : event.body;
      return fields;
    },
    get common() {
      common ??= vendor.common(this.fields);
      return common;
    },
  };
}

function byName(cells: readonly string[], header: readonly string[]): JsonObject {
  return Object.fromEntries(header.map((name, index) => [name, cells[index] ?? '']));
}

function refusal(what: string, next: string): ExportError {
  return new ExportError('input', what, { where: 'input `columns`', next });
}
