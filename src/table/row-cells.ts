import { encodeRow } from '../csv/encode.ts';
import type { RowBuffer } from '../csv/row-buffer.ts';
import { type JsonObject, objectIn, text } from '../json/values.ts';
import { formatInstant } from '../time/instant.ts';
import type { VendorEvent } from '../vendors/contract.ts';

/** The native cells of one event, by the places of their columns. */
export interface NativeCells {
  /** Returns a cell as text; empty where the event has none, as at -1. */
  readonly text: (column: number) => string;
  /**
   * Writes a cell at a place of the row that has begun, and returns the place behind the cell; writes nothing for an
   * empty one.
   */
  readonly write: (column: number, rows: RowBuffer, at: number) => number;
  /** Writes cells with commas between them, and returns the place behind the last. */
  readonly writeRun: (columns: readonly number[], rows: RowBuffer, at: number) => number;
  /** Writes the whole event as JSON, as a cell, and returns the place behind the cell. */
  readonly writeRaw: (rows: RowBuffer, at: number) => number;
}

/** The native cells of one event as texts, and the event as JSON. */
export interface NativeTexts extends Pick<NativeCells, 'text'> {
  readonly raw: () => string;
}

/** Source of one cell of a table. */
export type CellSource =
  | { readonly kind: 'constant'; readonly text: string }
  | { readonly kind: 'time' | 'id' | 'raw' }
  /** The first of these native cells that is not empty. */
  | { readonly kind: 'native'; readonly columns: readonly number[] }
  /** A value of the object that a native cell holds as JSON. */
  | { readonly kind: 'picked'; readonly column: number; readonly pick: (object: JsonObject) => unknown }
  | { readonly kind: 'made'; readonly columns: readonly number[]; readonly cell: (...cells: string[]) => string };

type Timed = Pick<VendorEvent, 'time' | 'id'>;

/** Bytes that are equal in all rows, commas included, and the cells behind those bytes. */
interface Step {
  before: Buffer;
  /** A run of native columns; null where the step is one cell of another kind. */
  readonly run: number[] | null;
  readonly source: CellSource;
}

/** Writes the rows of one table, whatever its columns are. */
export class RowCells {
  readonly #sources: readonly CellSource[];
  readonly #steps: readonly Step[];
  /** Bytes that end each row. */
  readonly #last: Buffer;
  /** JSON that was parsed last, since several cells of a row can be picked from one object. */
  #json = '';
  #object: JsonObject = {};

  /** @param apart a native column that is written on its own, since its length is not bounded by a slice; -1: none */
  constructor(sources: readonly CellSource[], apart = -1) {
    this.#sources = sources;
    const steps: Step[] = [];
    let before = '';
    for (const [index, source] of sources.entries()) {
      const comma = index === 0 ? '' : ',';
      if (source.kind === 'constant') {
        before += comma + encodeRow([source.text, '']).slice(0, -3);
        continue;
      }
      const column = source.kind === 'native' && source.columns.length === 1 ? (source.columns[0] as number) : apart;
      const last = steps.at(-1);
      if (column !== apart && before === '' && last?.run) last.run.push(column);
      else steps.push({ before: Buffer.from(before + comma), run: column === apart ? null : [column], source });
      before = '';
    }
    this.#steps = steps;
    this.#last = Buffer.from(before);
  }

  /** Returns the cells of an event as texts. */
  texts(event: Timed, cells: NativeTexts): string[] {
    return this.#sources.map((source) => this.#textOf(source, event, cells));
  }

  /** Writes the row of an event. */
  write(event: Timed, cells: NativeCells, rows: RowBuffer): void {
    const start = rows.length;
    let at = start;
    for (const { before, run, source } of this.#steps) {
      if (before.length > 0) at = rows.put(before, at);
      if (run !== null) at = cells.writeRun(run, rows, at);
      else if (source.kind === 'native') at = writeFirst(source.columns, cells, rows, at);
      else if (source.kind === 'raw') at = cells.writeRaw(rows, at);
      else if (source.kind === 'time' && event.time !== null) at = rows.putInstant(event.time, at);
      else at = rows.putCell(this.#textOf(source, event, cells), at);
    }
    at = rows.put(this.#last, at);
    // A blank line is no row to most readers.
    rows.end(at === start && this.#sources.length === 1 ? rows.put(BLANK, at) : at);
  }

  #textOf(source: CellSource, { time, id }: Timed, cells: Pick<NativeTexts, 'text'> & Partial<NativeTexts>): string {
    switch (source.kind) {
      case 'constant':
        return source.text;
      case 'time':
        return time === null ? '' : formatInstant(time);
      case 'id':
        return id ?? '';
      case 'native':
        return source.columns.reduce((found, column) => found || cells.text(column), '');
      case 'made':
        return source.cell(...source.columns.map((column) => cells.text(column)));
      case 'picked':
        return text(source.pick(this.#objectIn(cells.text(source.column))));
      case 'raw':
        return cells.raw?.() ?? '';
    }
  }

  #objectIn(json: string): JsonObject {
    if (json !== this.#json) {
      this.#object = objectIn(json);
      this.#json = json;
    }
    return this.#object;
  }
}

const BLANK = Buffer.from('""');

function writeFirst(columns: readonly number[], cells: NativeCells, rows: RowBuffer, from: number): number {
  let at = from;
  for (let index = 0; at === from && index < columns.length; index++) {
    at = cells.write(columns[index] as number, rows, from);
  }
  return at;
}
