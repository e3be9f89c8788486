import type { Columns, Vendor, VendorEvent } from '../types.ts';
import { planTable } from './columns.ts';
import { commonCells } from './common.ts';
import type { JsonCells } from './json-cells.ts';
import { pickedOf } from './json-found.ts';
import type { RowBuffer } from './rows.ts';

/** An event whose JSON was gone over, from `from` up to `to`. */
export interface Passed {
  readonly time: number;
  readonly id: string | null;
  readonly source: Buffer;
  readonly from: number;
  readonly to: number;
}

/** Makes the rows of one table from the events of a JSON vendor. */
export interface RowMaker {
  /** From the bytes, into `rows`; false, with nothing written, where only an object will do. */
  readonly write: (cells: JsonCells, passed: Passed, rows: RowBuffer) => boolean;
  /** From an event of any kind. */
  readonly writeEvent: (event: VendorEvent, rows: RowBuffer) => void;
}

/** null: the table needs an object of each event. */
export function rowMaker(vendor: Vendor, org: string, columns: Columns): RowMaker | null {
  if (typeof columns !== 'string' || vendor.format !== 'json') return null;
  const { write: writeEvent } = planTable({ vendor, org, columns, header: null });
  return { write: columns === 'native' ? writeNative : commonWriter(vendor, org), writeEvent };
}

const writeNative: RowMaker['write'] = (cells, { source, from, to }, rows) => {
  cells.found.write(source, to - from, rows);
  return true;
};

function commonWriter(vendor: Vendor, org: string): RowMaker['write'] {
  const picked = pickedOf(vendor.columns ?? [], vendor.commonColumns);
  return (cells, { time, id, source, from, to }, rows) => {
    if (!cells.isTight) return false;
    const common = vendor.common(cells.found.pick(source, picked));
    const at = rows.begin(commonCells(vendor, org, time, id, common), 2 * (to - from));
    rows.end(cells.found.quote(source, from, to, rows.room(0), at));
    return true;
  };
}
