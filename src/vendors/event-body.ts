import type { CsvRow } from '../csv/csv-row.ts';
import type { EncodedRow, VendorEvent } from './contract.ts';

/** Whether the body of an event is a row in bytes, not the vendor's own object: JSON holds no functions. */
export const isRow = (body: VendorEvent['body']): body is EncodedRow | CsvRow => typeof body.toJSON === 'function';

/** Whether a row in bytes is one of the table that is asked for, and not the vendor's own. */
export const isEncoded = (row: EncodedRow | CsvRow): row is EncodedRow => !('cells' in row);

/** Returns all that an event says as one text: its object as `JSON.stringify` writes it, or a CSV row's cells as an array. */
export const jsonOf = (body: VendorEvent['body']): string => (isRow(body) ? body.json : JSON.stringify(body));
