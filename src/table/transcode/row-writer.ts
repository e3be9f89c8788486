import type { RowBuffer } from '../../csv/row-buffer.ts';
import type { Columns, Vendor, VendorEvent } from '../../vendors/contract.ts';
import { planTable } from '../table-plan.ts';
import type { EventScanner } from './event-scanner.ts';

/** Writes the rows of one table from the events of a JSON vendor. */
export interface RowWriter {
  /** How many bytes a row is likely to take for each byte of the event's JSON. */
  readonly expansionFactor: number;
  /** Writes the row of the event that was scanned last. */
  readonly write: (event: Pick<VendorEvent, 'time' | 'id'>, scanner: EventScanner, rows: RowBuffer) => void;
  /** Writes the row of an event of any kind. */
  readonly writeEvent: (event: VendorEvent, rows: RowBuffer) => void;
}

/** Returns the writer of the table that `columns` asks for; null: the vendor does not answer in JSON. */
export function rowWriter(vendor: Vendor, org: string, columns: Columns): RowWriter | null {
  if (vendor.format !== 'json') return null;
  const { names, cells, write: writeEvent } = planTable({ vendor, org, columns, header: null });
  return {
    expansionFactor: names.includes('raw') ? 1.75 : 1,
    write: (event, { slices }, rows) => cells.write(event, slices, rows),
    writeEvent,
  };
}
