import { planTable, type TablePlan } from './csv/columns.ts';
import { ExportError } from './errors.ts';
import type { Earlier } from './history/earlier.ts';
import { Ids } from './ids.ts';
import { type CsvFile, Parts } from './parts.ts';
import type { Columns, Page, Session, Vendor, VendorEvent, Window } from './types.ts';
import { contains } from './window.ts';

/** Events encoded and written at a time. */
const BATCH_ROWS = 2000;

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
  readonly earlier: Earlier | null;
  /** Hears of each slice that was written. */
  readonly onProgress: (written: number, upTo: Window) => void;
}

/** Where every event that was received went: `received = cut + repeated + known + written`. */
export interface Counts {
  received: number;
  /** Outside the window: bounds are over-fetched where no document says how they are read. */
  cut: number;
  /** Events that came twice, by id. */
  repeated: number;
  /** Events that an earlier export holds. */
  known: number;
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

/**
 * Writes the vendor's pages as CSV into `<path>.partial`, reads the bytes back from the disk, and only then gives the
 * file its name. Throws what the vendor throws, and `protocol` where the pages contradict each other.
 * On failure the `.partial` may remain; whoever made the folder removes it.
 */
export async function exportEvents(options: ExportOptions): Promise<ExportedTable> {
  const { vendor, session, path, maxBytes } = options;
  const parts = new Parts(path, maxBytes);
  try {
    const table = new Table(options, parts);
    for await (const page of vendor.pages(session)) await table.add(page);
    const result = await table.finish();
    return { files: await parts.seal(), ...result };
  } finally {
    await parts.close();
  }
}

/** Pages in, rows out: cut to the slice, each event once, and in time order where the vendor's is not kept. */
class Table {
  readonly #options: ExportOptions;
  readonly #parts: Parts;
  readonly #counts: Counts = { received: 0, cut: 0, repeated: 0, known: 0, written: 0 };
  readonly #lateRows: number[] = [];
  readonly #ids: Ids;
  #plan: TablePlan | null = null;
  #header: readonly string[] | null = null;
  #slice: Window | null = null;
  #waiting: VendorEvent[] = [];
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: ExportOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#ids = new Ids(options.vendor);
  }

  async add({ slice, header, events }: Page): Promise<void> {
    if (this.#slice !== slice) await this.#writeSlice();
    this.#slice = slice;
    await this.#begin(header ?? null);
    for (const event of events) this.#waiting.push(event);
    this.#counts.received += events.length;
  }

  async finish(): Promise<Omit<ExportedTable, 'files'>> {
    await this.#writeSlice();
    if (this.#options.vendor.format === 'json') await this.#begin(null);
    if (this.#plan === null) throw new Error(`${this.#options.vendor.name} has a table without a header.`);
    const { received, cut, repeated, known, written } = this.#counts;
    if (received !== cut + repeated + known + written)
      throw new Error(`Rows are unaccounted for: ${JSON.stringify(this.#counts)}`);
    const timed = Number.isFinite(this.#first);
    return {
      columns: this.#plan.names,
      counts: this.#counts,
      firstEvent: timed ? this.#first : null,
      lastEvent: timed ? this.#last : null,
      lateRows: this.#lateRows,
    };
  }

  /** Plans the table and writes its header, once; after that, the header may not change. */
  async #begin(header: readonly string[] | null): Promise<void> {
    if (this.#plan !== null) {
      if (JSON.stringify(header) !== JSON.stringify(this.#header)) throw otherHeader(this.#options.vendor);
      return;
    }
    const { vendor, org, columns } = this.#options;
    this.#header = header;
    this.#plan = planTable({ vendor, org, columns, header });
    await this.#parts.begin(this.#plan.names);
  }

  async #writeSlice(): Promise<void> {
    if (this.#slice === null || this.#plan === null) return;
    const { vendor, columns, onProgress } = this.#options;
    const events = this.#settle(this.#waiting, this.#slice, this.#plan);
    this.#waiting = [];
    if (columns === 'common' && events.some(({ time }) => time === null)) throw timeless(vendor);
    if (vendor.order === 'time') events.sort(byTimeThenId);
    for (let at = 0; at < events.length; at += BATCH_ROWS) {
      await this.#parts.write(events.slice(at, at + BATCH_ROWS).map(this.#plan.row));
    }
    for (const [index, event] of events.entries()) {
      if (this.#isBefore(event)) this.#lateRows.push(this.#counts.written + index + 1);
    }
    this.#counts.written += events.length;
    onProgress(this.#counts.written, this.#slice);
  }

  /** Whether its time was exported before. */
  #isBefore({ time }: VendorEvent): boolean {
    return time !== null && time < this.#options.from;
  }

  /** Whether an earlier export holds it. Without a time, it may be one of them. */
  #isKnown(event: VendorEvent, { names, row }: TablePlan): boolean {
    const { earlier } = this.#options;
    if (earlier === null || (event.time !== null && !this.#isBefore(event))) return false;
    if (event.time === null && event.id === null) throw untold(this.#options.vendor);
    return earlier.take(names, row(event), event.id);
  }

  /** The events that stay: inside the slice, each id once, and new. Throws `protocol` where one id is of two events. */
  #settle(events: readonly VendorEvent[], slice: Window, plan: TablePlan): VendorEvent[] {
    const kept: VendorEvent[] = [];
    this.#ids.beginSlice();
    for (const event of events) {
      const { time } = event;
      if (Number.isNaN(time)) throw new Error(`${this.#options.vendor.name} has an event with a time that is none.`);
      const repeated = this.#ids.isRepeated(event);
      if (time !== null && !contains(slice, time)) {
        this.#counts.cut++;
      } else if (repeated) {
        this.#counts.repeated++;
      } else if (this.#isKnown(event, plan)) {
        this.#counts.known++;
      } else {
        this.#ids.keep(event);
        kept.push(event);
        this.#first = Math.min(this.#first, time ?? Number.POSITIVE_INFINITY);
        this.#last = Math.max(this.#last, time ?? Number.NEGATIVE_INFINITY);
      }
    }
    return kept;
  }
}

/** Oldest first; ties by id where there is one, else as they arrived (the sort is stable). */
function byTimeThenId(a: VendorEvent, b: VendorEvent): number {
  if (a.time !== b.time) return (a.time ?? 0) - (b.time ?? 0);
  if (a.id === b.id) return 0;
  return (a.id ?? '') < (b.id ?? '') ? -1 : 1;
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
