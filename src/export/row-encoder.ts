import { ExportError } from '../base/errors.ts';
import { encodeRow } from '../csv/encode.ts';
import type { RowBuffer } from '../csv/row-buffer.ts';
import { planTable, type TablePlan } from '../table/table-plan.ts';
import type { Columns, Vendor, VendorEvent } from '../vendors/contract.ts';
import { jsonOf } from '../vendors/event-body.ts';
import { type EncodedRows, encodeRows } from './part-files.ts';

/** Turns the events of an export into rows. */
export interface RowEncoder {
  /** Order of the rows: by time, then id, or as the vendor gave them. */
  readonly order: 'time' | 'vendor';
  /** Takes the header of a page before the page's events are encoded; null where the vendor's format is JSON. */
  readonly useHeader: (header: readonly string[] | null) => void;
  /** Appends the event's row to `rows`. */
  readonly encode: (event: VendorEvent, rows: RowBuffer) => void;
  /** Returns the identity text: what two events of one id have to agree in beside their rows' bytes. */
  readonly identityOf: (event: VendorEvent) => string;
}

interface TableOptions {
  readonly vendor: Vendor;
  /** Value of the column `org` of the `common` table. */
  readonly org: string;
  readonly columns: Columns;
}

/** Plans the table by the first header, and encodes events as its rows. */
export class TableEncoder implements RowEncoder {
  readonly order: 'time' | 'vendor';
  readonly #options: TableOptions;
  #plan: TablePlan | null = null;
  #header: readonly string[] | null = null;
  #headerRow: EncodedRows | null = null;

  constructor(options: TableOptions) {
    this.#options = options;
    this.order = options.vendor.order;
  }

  /**
   * Plans the table at the first call. Throws `protocol` where a later header differs from the first one, and `input`
   * where a list of columns names one that the header has not.
   */
  useHeader(header: readonly string[] | null): void {
    if (this.#plan !== null) {
      if (header !== this.#header && JSON.stringify(header) !== JSON.stringify(this.#header)) {
        throw headerChangedError(this.#options.vendor);
      }
      return;
    }
    const { vendor, org, columns } = this.#options;
    this.#header = header;
    this.#plan = planTable({ vendor, org, columns, header });
  }

  /** Appends the event's row to `rows`. Throws `input` where `common` is asked for and the event has no time. */
  encode(event: VendorEvent, rows: RowBuffer): void {
    const { vendor, columns } = this.#options;
    if (Number.isNaN(event.time)) throw new Error(`${vendor.name} has an event whose time is NaN.`);
    if (columns === 'common' && event.time === null) throw missingTimeError(vendor);
    this.#planned().write(event, rows);
  }

  /** Returns '' where the event has no id, or its row holds all that the vendor said (`native`, `common`). */
  identityOf({ id, body }: VendorEvent): string {
    return id === null || typeof this.#options.columns === 'string' ? '' : jsonOf(body);
  }

  /** The table's header, by name. */
  get names(): readonly string[] {
    return this.#planned().names;
  }

  /** The table's header as a row of CSV. */
  get headerRow(): EncodedRows {
    this.#headerRow ??= encodeRows([this.names], encodeRow);
    return this.#headerRow;
  }

  #planned(): TablePlan {
    // A JSON vendor has a table even where no page came.
    if (this.#plan === null && this.#options.vendor.format === 'json') this.useHeader(null);
    if (this.#plan === null) throw new Error(`${this.#options.vendor.name} has a table without a header.`);
    return this.#plan;
  }
}

const headerChangedError = ({ name }: Vendor): ExportError =>
  new ExportError(
    'protocol',
    `The header of ${name}'s CSV changes from one response to the next, so that they do not fit into one table.`,
    {
      next: 'Export each environment on its own (filter `env_name`), or a shorter window.',
    },
  );

const missingTimeError = ({ name }: Vendor): ExportError =>
  new ExportError('input', `No column of ${name}'s CSV reads as a time, which \`common\` needs.`, {
    where: 'input `columns`',
    next: 'Use `native`, or a list of native columns.',
  });
