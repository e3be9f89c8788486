import { ExportError } from '../base/errors.ts';
import { CsvRow } from '../csv/csv-row.ts';
import { formatInstant } from '../time/instant.ts';
import type { Vendor } from '../vendors/contract.ts';
import type { ExportCounts } from './export-counts.ts';
import type { KnownRows } from './known-rows.ts';
import { type RowBatch, type RowRange, startOf } from './sort/row-batch.ts';
import { duplicateIdError, UniqueIds } from './unique-ids.ts';

interface FilterOptions {
  readonly vendor: Vendor;
  /** Folder in which a file without a name may grow. */
  readonly folder: string;
  /** Start of the export's window; an earlier event may be exported already. */
  readonly from: number;
  /** Rows of earlier exports; null where nothing from before `from` is asked for. */
  readonly knownRows: KnownRows | null;
  /** Header of the table; read when the first rows come. */
  readonly table: { readonly names: readonly string[] };
  /** Counts of the export; each row is counted here. */
  readonly counts: ExportCounts;
}

/** Finds the rows to write: each event once, and none that an earlier export holds. */
export class RowFilter {
  readonly #options: FilterOptions;
  readonly #ids: UniqueIds;
  /** Batch of the row that was looked at last; null at the start of a segment. */
  #previous: RowBatch | null = null;
  #previousRow = 0;

  constructor(options: FilterOptions) {
    this.#options = options;
    this.#ids = new UniqueIds(options.vendor, options.folder);
  }

  /**
   * Prepares for the rows of the next segment. An event outside the window is not written, but its id is remembered:
   * another request may bring that id at another time.
   */
  startSegment(idsOutsideWindow: Iterable<readonly [id: string, time: number]>): void {
    for (const [id, time] of idsOutsideWindow) this.#ids.addOutsideWindow(id, time);
    this.#previous = null;
  }

  /**
   * Returns the ranges to write of these rows, which come in the order of the table. Throws `protocol` where two events
   * of one id differ, and `destination` where the disk refuses.
   */
  async rowsToWrite(ranges: readonly RowRange[]): Promise<readonly RowRange[]> {
    const kept: RowRange[] = [];
    for (const range of ranges) {
      await this.#ids.reserve(range.to - range.from);
      this.#filter(range, kept);
    }
    if (this.#previous !== null) this.#previous = copyOf(this.#previous, this.#previousRow);
    this.#previousRow = 0;
    return kept;
  }

  /** Adds to `kept` the rows of a range to write; those that stay side by side stay one range. */
  #filter(range: RowRange, kept: RowRange[]): void {
    const { batch, from, to } = range;
    let begin = from;
    for (let row = from; row < to; row++) {
      if (this.#isNew(batch, row)) continue;
      if (begin < row) this.#keep({ batch, from: begin, to: row }, kept);
      begin = row + 1;
    }
    if (begin < to) this.#keep(begin === from ? range : { batch, from: begin, to }, kept);
  }

  #keep(range: RowRange, kept: RowRange[]): void {
    kept.push(range);
    this.#options.counts.addWritten(range);
  }

  /** Throws `protocol` where two events anywhere in the export have one id. Called once, after the last row. */
  async checkIds(): Promise<void> {
    await this.#ids.check();
  }

  async close(): Promise<void> {
    await this.#ids.close();
  }

  /** Whether a row is to be written; counts a row that is not. */
  #isNew(batch: RowBatch, row: number): boolean {
    const id = batch.ids[row] ?? null;
    const time = batch.times[row] as number;
    const isDuplicate = id !== null && this.#isDuplicate(batch, row, id, time);
    this.#previous = batch;
    this.#previousRow = row;
    if (isDuplicate) {
      this.#options.counts.addDuplicate();
      return false;
    }
    if (this.#isAlreadyExported(batch, row, id, time)) {
      this.#options.counts.addAlreadyExported();
      return false;
    }
    if (id !== null) this.#ids.add(id, time);
    return true;
  }

  /**
   * Whether a row repeats the row before. In time order, rows of one id and one time stand side by side.
   * Throws `protocol` where the two have one id and one time but different contents.
   */
  #isDuplicate(batch: RowBatch, row: number, id: string, time: number): boolean {
    const previous = this.#previous;
    if (previous === null || previous.ids[this.#previousRow] !== id) return false;
    const previousTime = previous.times[this.#previousRow] as number;
    if (previousTime !== time && !(Number.isNaN(previousTime) && Number.isNaN(time))) return false;
    const isSameRow = bytesOf(previous, this.#previousRow).equals(bytesOf(batch, row));
    if (isSameRow && previous.identities[this.#previousRow] === batch.identities[row]) return true;
    const when = Number.isNaN(time) ? null : formatInstant(time);
    throw duplicateIdError(this.#options.vendor, when, 'with different contents');
  }

  /**
   * Whether an earlier export holds a row. Without a time, an event may be from before the window, so it is looked up
   * too. Throws `input` where there is neither a time nor an id to look up.
   */
  #isAlreadyExported(batch: RowBatch, row: number, id: string | null, time: number): boolean {
    const { knownRows, from, vendor, table } = this.#options;
    if (knownRows === null || time >= from) return false;
    if (Number.isNaN(time) && id === null) throw unknownAgeError(vendor);
    return knownRows.consume(table.names, cellsOf(batch, row), id);
  }
}

const unknownAgeError = ({ name }: Vendor): ExportError =>
  new ExportError(
    'input',
    `${name}'s events have neither a time nor an id, so late ones cannot be told from exported ones.`,
    {
      where: 'input `overlap`',
      next: 'Set `overlap: PT0S`, to look for none.',
    },
  );

/** Returns the row's bytes, its line end included. */
const bytesOf = (batch: RowBatch, row: number): Buffer => batch.bytes.subarray(startOf(batch, row), batch.ends[row]);

function cellsOf(batch: RowBatch, row: number): string[] {
  const bytes = bytesOf(batch, row);
  return new CsvRow(bytes, 0, bytes.length - 2, true).cells;
}

/** Copies one row out of a batch whose memory is used again. */
function copyOf(batch: RowBatch, row: number): RowBatch {
  const bytes = Buffer.from(bytesOf(batch, row));
  return {
    count: 1,
    bytes,
    ends: Float64Array.of(bytes.length),
    times: batch.times.slice(row, row + 1),
    ids: batch.ids.slice(row, row + 1),
    identities: batch.identities.slice(row, row + 1),
  };
}
