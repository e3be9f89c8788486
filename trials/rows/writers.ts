/** Other programs that write the same table, each in its own way, as vendors may. */

import { type Options, stringify } from 'csv-stringify/sync';
import type { Table } from './tables.ts';

/** What has a line end in it is quoted by all of them. */
const LINE_ENDS = { quoted_match: /[\r\n]/ };
const WRITERS: Readonly<Record<string, Options>> = {
  sparing: { ...LINE_ENDS, record_delimiter: 'windows' },
  unix: { ...LINE_ENDS, record_delimiter: 'unix' },
  quoting: { record_delimiter: 'windows', quoted: true, quoted_empty: true },
  'unix, quoting': { record_delimiter: 'unix', quoted: true, quoted_empty: true },
  'quoting all but empty cells': { record_delimiter: 'windows', quoted: true },
  'quoting what begins with a or an s': { record_delimiter: 'unix', quoted_match: [/^[as]/, /[\r\n]/] },
  'with a byte order mark': { ...LINE_ENDS, record_delimiter: 'windows', bom: true },
  'ending no last line': { ...LINE_ENDS, record_delimiter: 'windows', eof: false },
};

export const WRITER_NAMES = Object.keys(WRITERS);

export function writtenBy(name: string, { header, rows }: Table): Buffer {
  // A last line that is blank can only be told from none by its end.
  const eof = header.length === 1 ? { eof: true } : {};
  return Buffer.from(stringify([[...header], ...rows.map((row) => [...row])], { ...WRITERS[name], ...eof }));
}
