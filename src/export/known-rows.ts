import { parseInstant } from '../time/instant.ts';
import type { Vendor } from '../vendors/contract.ts';

/** A CSV of an earlier export: its header, and rows of the header's width. */
export interface ExportedRows {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * What earlier exports hold of a stretch of time that is asked for once more, so that only what came late is new.
 * By id where the vendor has ids, else row by row: two equal rows are two events, and each is found once.
 */
export class KnownRows {
  readonly #vendor: Vendor;
  readonly #from: number;
  readonly #ids = new Set<string>();
  readonly #tables: ExportedRows[] = [];
  /** Rows not yet found again, by the columns that a table shares with the new one. */
  #left: { readonly key: (cells: readonly string[]) => string; readonly counts: Map<string, number> }[] | null = null;

  /** @param from where the stretch begins; rows known to be older are forgotten at once */
  constructor(vendor: Vendor, from: number) {
    this.#vendor = vendor;
    this.#from = from;
  }

  add({ header, rows }: ExportedRows): void {
    const { idColumn, timeColumn } = this.#vendor;
    const time = columnOf(header, timeColumn, 'time');
    const inStretch = rows.filter((cells) => !((parseInstant(cells[time] ?? '') ?? this.#from) < this.#from));
    const id = idColumn === null ? -1 : columnOf(header, idColumn, 'id');
    if (id < 0) this.#tables.push({ header, rows: inStretch });
    else for (const cells of inStretch) this.#ids.add(cells[id] ?? '');
  }

  /** Whether an earlier export holds this event; an event without an id is found as often as it was exported. */
  consume(header: readonly string[], cells: readonly string[], id: string | null): boolean {
    if (id !== null && this.#ids.has(id.toWellFormed())) return true;
    this.#left ??= this.#tables.map((table) => countRows(table, header));
    for (const { key, counts } of this.#left) {
      const count = counts.get(key(cells)) ?? 0;
      if (count === 0) continue;
      counts.set(key(cells), count - 1);
      return true;
    }
    return false;
  }
}

/** The native column, or the one of the `common` table; -1 where neither was exported. */
const columnOf = (header: readonly string[], native: string | null, common: string): number =>
  Math.max(native === null ? -1 : header.indexOf(native), header.indexOf(common));

/** Another version of the exporter, or of the vendor, may have other columns: then those that both have must do. */
function countRows({ header, rows }: ExportedRows, now: readonly string[]) {
  const same = JSON.stringify(header) === JSON.stringify(now);
  const shared = same ? [...now] : now.filter((name) => header.includes(name) && name !== 'extra');
  const keyOf = (columns: readonly string[]) => {
    const places = shared.map((name) => columns.indexOf(name));
    return (cells: readonly string[]) => JSON.stringify(places.map((place) => cells[place]?.toWellFormed()));
  };
  const counts = new Map<string, number>();
  const before = keyOf(header);
  // Columns that nothing compares would make every row known.
  for (const cells of shared.length === 0 ? [] : rows) counts.set(before(cells), (counts.get(before(cells)) ?? 0) + 1);
  return { key: keyOf(now), counts };
}
