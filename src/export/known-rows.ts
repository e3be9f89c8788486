import { parseInstant } from '../time/instant.ts';
import type { Vendor } from '../vendors/contract.ts';

/** Content of a CSV of an earlier export; each row is as wide as the header. */
export interface ExportedRows {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Rows of earlier exports from a time that is asked for again, so that only late events are new. Events are recognised
 * by id where the vendor has ids, else row by row: two equal rows are two events, and each is found once.
 */
export class KnownRows {
  readonly #vendor: Vendor;
  readonly #from: number;
  readonly #ids = new Set<string>();
  readonly #tables: ExportedRows[] = [];
  /** Counts of rows that were not found again yet, one for each table; null until the new header is known. */
  #remaining: { readonly key: (cells: readonly string[]) => string; readonly counts: Map<string, number> }[] | null =
    null;

  /** @param from start of the time that is asked for again; older rows are dropped */
  constructor(vendor: Vendor, from: number) {
    this.#vendor = vendor;
    this.#from = from;
  }

  add({ header, rows }: ExportedRows): void {
    const { idColumn, timeColumn } = this.#vendor;
    const time = columnOf(header, timeColumn, 'time');
    const recent = rows.filter((cells) => !((parseInstant(cells[time] ?? '') ?? this.#from) < this.#from));
    const id = idColumn === null ? -1 : columnOf(header, idColumn, 'id');
    if (id < 0) this.#tables.push({ header, rows: recent });
    else for (const cells of recent) this.#ids.add(cells[id] ?? '');
  }

  /** Whether an earlier export holds this event. An event without an id is found as often as it was exported. */
  consume(header: readonly string[], cells: readonly string[], id: string | null): boolean {
    if (id !== null && this.#ids.has(id.toWellFormed())) return true;
    this.#remaining ??= this.#tables.map((table) => countRows(table, header));
    for (const { key, counts } of this.#remaining) {
      const count = counts.get(key(cells)) ?? 0;
      if (count === 0) continue;
      counts.set(key(cells), count - 1);
      return true;
    }
    return false;
  }
}

/** Returns the index of the native column, or of the `common` one; -1 where neither was exported. */
const columnOf = (header: readonly string[], native: string | null, common: string): number =>
  Math.max(native === null ? -1 : header.indexOf(native), header.indexOf(common));

/** Counts equal rows. Where an older version exported other columns, only the columns of both headers are compared. */
function countRows({ header, rows }: ExportedRows, now: readonly string[]) {
  const isSameHeader = JSON.stringify(header) === JSON.stringify(now);
  const shared = isSameHeader ? [...now] : now.filter((name) => header.includes(name) && name !== 'extra');
  const keyOf = (columns: readonly string[]) => {
    const indexes = shared.map((name) => columns.indexOf(name));
    return (cells: readonly string[]) => JSON.stringify(indexes.map((index) => cells[index]?.toWellFormed()));
  };
  const counts = new Map<string, number>();
  const oldKey = keyOf(header);
  // Without a shared column, all rows would be equal, and every event known.
  for (const cells of shared.length === 0 ? [] : rows) counts.set(oldKey(cells), (counts.get(oldKey(cells)) ?? 0) + 1);
  return { key: keyOf(now), counts };
}
