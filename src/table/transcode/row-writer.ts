import type { RowBuffer } from '../../csv/row-buffer.ts';
import type { Columns, Vendor, VendorEvent } from '../../vendors/contract.ts';
import { CommonCells } from '../common-columns.ts';
import { planTable } from '../table-plan.ts';
import type { EventScanner } from './event-scanner.ts';

/** An event whose JSON was gone over, from `from` up to `to`. */
export interface ScannedEvent {
  readonly time: number;
  readonly id: string | null;
  readonly from: number;
  readonly to: number;
}

/** Makes the rows of one table from the events of a JSON vendor. */
export interface RowWriter {
  /** Bytes that a row is likely to take for each of its JSON. */
  readonly growth: number;
  /** From the bytes, into `rows`; false, with nothing written, where only an object will do. */
  readonly write: (cells: EventScanner, passed: ScannedEvent, rows: RowBuffer) => boolean;
  /** From an event of any kind. */
  readonly writeEvent: (event: VendorEvent, rows: RowBuffer) => void;
}

/** null: the table needs an object of each event. */
export function rowWriter(vendor: Vendor, org: string, columns: Columns): RowWriter | null {
  if (typeof columns !== 'string' || vendor.format !== 'json') return null;
  const { write: writeEvent } = planTable({ vendor, org, columns, header: null });
  return columns === 'native'
    ? { growth: 1, write: writeNative, writeEvent }
    : { growth: 1.75, write: commonWriter(vendor, org), writeEvent };
}

const writeNative: RowWriter['write'] = (cells, { from, to }, rows) => {
  cells.found.writeRow(to - from, rows);
  return true;
};

function commonWriter(vendor: Vendor, org: string): RowWriter['write'] {
  const names = (vendor.columns ?? []).map(({ name }) => name);
  const common = new CommonCells(vendor, org, names);
  return ({ found, isCompact }, passed, rows) => {
    if (!isCompact) return false;
    found.endWith(passed.from, passed.to, rows, common.write(passed, found, rows));
    return true;
  };
}
