import { dirname } from 'node:path';
import { planTable, type TablePlan } from './csv/columns.ts';
import { JsonRow } from './csv/json-row.ts';
import { CsvRow } from './csv/row.ts';
import { RowBuffer } from './csv/rows.ts';
import type { StoredRow } from './csv/runs.ts';
import { encodeRow } from './csv/write.ts';
import { ExportError } from './errors.ts';
import type { Counts, ExportedTable, ExportOptions } from './export.ts';
import type { Gathered, RowForm } from './gather.ts';
import { Ids, twice } from './ids.ts';
import { encodedRows, type Parts } from './parts.ts';
import type { Vendor, VendorEvent } from './types.ts';
import { formatInstant } from './window.ts';

/** How events become rows, and which rows are written: each event once, and none that an earlier export holds. */
export class Table implements RowForm {
  readonly order: 'time' | 'vendor';
  readonly #options: ExportOptions;
  readonly #parts: Parts;
  readonly #counts: Counts = { received: 0, cut: 0, repeated: 0, known: 0, written: 0 };
  readonly #lateRows: number[] = [];
  readonly #ids: Ids;
  readonly #out = new RowBuffer();
  #plan: TablePlan | null = null;
  #header: readonly string[] | null = null;
  #isOpen = false;
  #before: StoredRow | null = null;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: ExportOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#ids = new Ids(options.vendor, dirname(options.path));
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

  row(event: VendorEvent): readonly string[] | CsvRow | JsonRow {
    const { vendor, columns } = this.#options;
    if (Number.isNaN(event.time)) throw new Error(`${vendor.name} has an event with a time that is none.`);
    if (columns === 'common' && event.time === null) throw timeless(vendor);
    const isRow = event.body instanceof CsvRow || event.body instanceof JsonRow;
    if (columns === 'native' && isRow) return event.body;
    return this.#planned().row(event);
  }

  rest({ id, body }: VendorEvent): string {
    // The other tables hold all that the vendor said.
    return id === null || typeof this.#options.columns === 'string' ? '' : JSON.stringify(body);
  }

  /** Counts what came of a stretch. */
  count(gathered: Gathered): void {
    this.#counts.received += gathered.received;
    this.#counts.cut += gathered.cut;
    for (const [id, time] of gathered.cutIds()) this.#ids.cut(id, time);
    this.#before = null;
  }

  /** Rows of one stretch, in order. */
  async write(rows: readonly StoredRow[]): Promise<void> {
    await this.#open();
    await this.#ids.makeRoom(rows.length);
    for (const row of rows) {
      if (this.#isRepeated(row)) {
        this.#counts.repeated++;
      } else if (this.#isKnown(row)) {
        this.#counts.known++;
      } else {
        this.#keep(row);
      }
      this.#before = row;
    }
    await this.#parts.write(this.#out);
    this.#out.clear();
  }

  /** Tells how far the export is. */
  tell({ slice }: Gathered): void {
    if (slice !== null) this.#options.onProgress(this.#counts.written, slice);
  }

  async finish(): Promise<Omit<ExportedTable, 'files'>> {
    if (this.#options.vendor.format === 'json') this.begin(null);
    await this.#open();
    const { received, cut, repeated, known, written } = this.#counts;
    if (received !== cut + repeated + known + written)
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

  #keep({ time, id, bytes, from, to }: StoredRow): void {
    if (id !== null) this.#ids.keep(id, time);
    this.#out.addEncoded(bytes, from, to);
    this.#counts.written++;
    if (time === null) return;
    if (time < this.#options.from) this.#lateRows.push(this.#counts.written);
    this.#first = Math.min(this.#first, time);
    this.#last = Math.max(this.#last, time);
  }

  /** Whether it is the row before once more. Throws `protocol` where one id is of two events. */
  #isRepeated(row: StoredRow): boolean {
    const before = this.#before;
    if (row.id === null || before === null || row.id !== before.id || row.time !== before.time) return false;
    const isSame = row.bytes.compare(before.bytes, before.from, before.to, row.from, row.to) === 0;
    if (isSame && row.rest === before.rest) return true;
    throw twice(this.#options.vendor, row.time === null ? null : formatInstant(row.time), 'with different contents');
  }

  /** Whether an earlier export holds it. Without a time, it may be one of them. */
  #isKnown({ time, id, bytes, from, to }: StoredRow): boolean {
    const { earlier, vendor } = this.#options;
    if (earlier === null || (time !== null && time >= this.#options.from)) return false;
    if (time === null && id === null) throw untold(vendor);
    return earlier.take(this.#planned().names, cellsOf(bytes, from, to), id);
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

/** The cells of an encoded row, its line end included. */
const cellsOf = (bytes: Buffer, from: number, to: number): string[] => new CsvRow(bytes, from, to - 2, true).cells;
