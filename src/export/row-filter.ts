import { dirname } from 'node:path';
import { ExportError } from '../base/errors.ts';
import { CsvRow } from '../csv/csv-row.ts';
import { encodeRow } from '../csv/encode.ts';
import type { RowBuffer } from '../csv/row-buffer.ts';
import { planTable, type TablePlan } from '../table/table-plan.ts';
import { formatInstant } from '../time/instant.ts';
import type { Window } from '../time/window.ts';
import type { Columns, Session, Vendor, VendorEvent } from '../vendors/contract.ts';
import type { KnownRows } from './known-rows.ts';
import { type CsvFile, encodedRows, type PartFiles } from './part-files.ts';
import type { RowEncoder, SegmentRows } from './segment-rows.ts';
import { type RowBatch, type RowRange, startOf } from './sort/row-batch.ts';
import { duplicateId, UniqueIds } from './unique-ids.ts';

export interface ExportOptions {
  readonly vendor: Vendor;
  readonly session: Session;
  /** What stands in the column `org` of the `common` table. */
  readonly org: string;
  readonly columns: Columns;
  /** Absolute path of the CSV; its folder exists. */
  readonly path: string;
  /** Above it the CSV is cut into parts; null: never. */
  readonly maxBytes: number | null;
  /** What the session's window holds before this instant was exported earlier, but for what came late. */
  readonly from: number;
  /** What was exported before; null where the session's window begins at `from`. */
  readonly knownRows: KnownRows | null;
  /** How many stretches are walked at once. */
  readonly concurrency: number;
  /** Bytes of rows that may be in memory; has a default. */
  readonly mostHeldBytes?: number;
  /** Hears of each stretch that was written. */
  readonly onProgress: (written: number, upTo: Window) => void;
}

/** Where every event that was received went: `received = cut + repeated + known + written`. */
interface Counts {
  received: number;
  /** Outside the window: bounds are over-fetched where no document says how they are read. */
  outsideWindow: number;
  /** Events that came twice, by id. */
  duplicates: number;
  /** Events that an earlier export holds. */
  alreadyExported: number;
  written: number;
}

/** A finished table: read back from the disk and under its final name. */
export interface ExportedTable {
  /** One file, or its parts in order. */
  readonly files: readonly CsvFile[];
  readonly columns: readonly string[];
  readonly counts: Readonly<Counts>;
  /** Milliseconds since 1970; null where the window is empty, or the vendor gives no times. */
  readonly firstEvent: number | null;
  readonly lastEvent: number | null;
  /** Rows of events from before `from`, which the vendor had not stored when their time was exported; 1 is the first row. */
  readonly lateRows: readonly number[];
}

/** How events become rows, and which rows are written: each event once, and none that an earlier export holds. */
export class RowFilter implements RowEncoder {
  readonly order: 'time' | 'vendor';
  readonly #options: ExportOptions;
  readonly #parts: PartFiles;
  readonly #counts: Counts = { received: 0, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 0 };
  readonly #lateRows: number[] = [];
  readonly #ids: UniqueIds;
  #plan: TablePlan | null = null;
  #header: readonly string[] | null = null;
  #isOpen = false;
  /** The row before the one at hand. */
  #before: RowBatch | null = null;
  #beforeRow = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: ExportOptions, parts: PartFiles) {
    this.#options = options;
    this.#parts = parts;
    this.#ids = new UniqueIds(options.vendor, dirname(options.path));
    this.order = options.vendor.order;
  }

  /** Plans the table, once; after that, the header may not change. */
  begin(header: readonly string[] | null): void {
    if (this.#plan !== null) {
      if (header !== this.#header && JSON.stringify(header) !== JSON.stringify(this.#header)) {
        throw otherHeader(this.#options.vendor);
      }
      return;
    }
    const { vendor, org, columns } = this.#options;
    this.#header = header;
    this.#plan = planTable({ vendor, org, columns, header });
  }

  write(event: VendorEvent, rows: RowBuffer): void {
    const { vendor, columns } = this.#options;
    if (Number.isNaN(event.time)) throw new Error(`${vendor.name} has an event with a time that is none.`);
    if (columns === 'common' && event.time === null) throw timeless(vendor);
    this.#planned().write(event, rows);
  }

  rest({ id, body }: VendorEvent): string {
    // The other tables hold all that the vendor said.
    return id === null || typeof this.#options.columns === 'string' ? '' : JSON.stringify(body);
  }

  /** Counts what came of a stretch. */
  count(gathered: SegmentRows): void {
    this.#counts.received += gathered.received;
    this.#counts.outsideWindow += gathered.cut;
    for (const [id, time] of gathered.cutIds()) this.#ids.cut(id, time);
    this.#before = null;
  }

  /** Rows of one stretch, in order. */
  async take(some: readonly RowRange[]): Promise<void> {
    await this.#open();
    for (const rows of some) await this.#take(rows);
    if (this.#before !== null) this.#before = copyOf(this.#before, this.#beforeRow);
    this.#beforeRow = 0;
  }

  async #take({ block, from, to }: RowRange): Promise<void> {
    await this.#ids.makeRoom(to - from);
    // Rows that stay side by side are written as they lie there.
    let begin = from;
    for (let row = from; row < to; row++) {
      if (this.#isKept(block, row)) continue;
      await this.#parts.write(block, begin, row);
      begin = row + 1;
    }
    await this.#parts.write(block, begin, to);
  }

  /** Tells how far the export is. */
  tell({ slice }: SegmentRows): void {
    if (slice !== null) this.#options.onProgress(this.#counts.written, slice);
  }

  async finish(): Promise<Omit<ExportedTable, 'files'>> {
    if (this.#options.vendor.format === 'json') this.begin(null);
    await this.#open();
    const { received, outsideWindow, duplicates, alreadyExported, written } = this.#counts;
    if (received !== outsideWindow + duplicates + alreadyExported + written)
      throw new Error(`Rows are unaccounted for: ${JSON.stringify(this.#counts)}`);
    await this.#ids.check();
    const timed = Number.isFinite(this.#first);
    return {
      columns: this.#planned().names,
      counts: this.#counts,
      firstEvent: timed ? this.#first : null,
      lastEvent: timed ? this.#last : null,
      lateRows: this.#lateRows,
    };
  }

  async close(): Promise<void> {
    await this.#ids.close();
  }

  #planned(): TablePlan {
    if (this.#plan === null) throw new Error(`${this.#options.vendor.name} has a table without a header.`);
    return this.#plan;
  }

  /** Writes the header, once. */
  async #open(): Promise<void> {
    if (this.#isOpen) return;
    this.#isOpen = true;
    await this.#parts.begin(encodedRows([this.#planned().names], encodeRow));
  }

  /** Counts a row, and tells whether it is to be written. */
  #isKept(block: RowBatch, row: number): boolean {
    const id = block.ids[row] ?? null;
    const time = block.times[row] as number;
    const isRepeated = id !== null && this.#isRepeated(block, row, id, time);
    this.#before = block;
    this.#beforeRow = row;
    if (isRepeated) {
      this.#counts.duplicates++;
      return false;
    }
    if (this.#isKnown(block, row, id, time)) {
      this.#counts.alreadyExported++;
      return false;
    }
    if (id !== null) this.#ids.keep(id, time);
    this.#counts.written++;
    if (time < this.#options.from) this.#lateRows.push(this.#counts.written);
    if (time < this.#first) this.#first = time;
    if (time > this.#last) this.#last = time;
    return true;
  }

  /** Whether it is the row before once more. Throws `protocol` where one id is of two events. */
  #isRepeated(block: RowBatch, row: number, id: string, time: number): boolean {
    const before = this.#before;
    if (before === null || before.ids[this.#beforeRow] !== id) return false;
    const last = before.times[this.#beforeRow] as number;
    if (last !== time && !(Number.isNaN(last) && Number.isNaN(time))) return false;
    const isSame = rowOf(before, this.#beforeRow).equals(rowOf(block, row));
    if (isSame && before.identities[this.#beforeRow] === block.identities[row]) return true;
    throw duplicateId(this.#options.vendor, Number.isNaN(time) ? null : formatInstant(time), 'with different contents');
  }

  /** Whether an earlier export holds it. Without a time, it may be one of them. */
  #isKnown(block: RowBatch, row: number, id: string | null, time: number): boolean {
    const { knownRows, vendor } = this.#options;
    if (knownRows === null || time >= this.#options.from) return false;
    if (Number.isNaN(time) && id === null) throw untold(vendor);
    return knownRows.consume(this.#planned().names, cellsOf(block, row), id);
  }
}

const otherHeader = ({ name }: Vendor): ExportError =>
  new ExportError(
    'protocol',
    `The header of ${name}'s CSV changes from one response to the next, so that they do not fit into one table.`,
    {
      next: 'Export each environment on its own (filter `env_name`), or a shorter window.',
    },
  );

const timeless = ({ name }: Vendor): ExportError =>
  new ExportError('input', `No column of ${name}'s CSV reads as a time, which \`common\` needs.`, {
    where: 'input `columns`',
    next: 'Use `native`, or a list of native columns.',
  });

const untold = ({ name }: Vendor): ExportError =>
  new ExportError(
    'input',
    `${name}'s events have neither a time nor an id, so late ones cannot be told from exported ones.`,
    {
      where: 'input `overlap`',
      next: 'Set `overlap: PT0S`, to look for none.',
    },
  );

/** The row's bytes, its line end included. */
const rowOf = (block: RowBatch, row: number): Buffer => block.bytes.subarray(startOf(block, row), block.ends[row]);

/** The cells of a row. */
function cellsOf(block: RowBatch, row: number): string[] {
  const bytes = rowOf(block, row);
  return new CsvRow(bytes, 0, bytes.length - 2, true).cells;
}

/** One row of a block that is good no more. */
function copyOf(block: RowBatch, row: number): RowBatch {
  const bytes = Buffer.from(rowOf(block, row));
  return {
    count: 1,
    bytes,
    ends: Float64Array.of(bytes.length),
    times: block.times.slice(row, row + 1),
    ids: block.ids.slice(row, row + 1),
    identities: block.identities.slice(row, row + 1),
  };
}
