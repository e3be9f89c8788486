import { ExportError } from './errors.ts';
import type { Vendor, VendorEvent } from './types.ts';
import { formatInstant } from './window.ts';

/**
 * The ids of an export's events: each comes out once. Vendors without ids pass through, and nothing of theirs is ever
 * taken for a repetition.
 */
export class Ids {
  readonly #vendor: Vendor;
  #slice = new Map<string, VendorEvent>();
  /** Of all events that were kept, by their last two characters, since one `Set` has an end (16 million). */
  readonly #kept = new Map<string, Set<string>>();

  constructor(vendor: Vendor) {
    this.#vendor = vendor;
  }

  /** To be called before the events of another slice. */
  beginSlice(): void {
    this.#slice = new Map();
  }

  /** Whether the slice has the event already. Throws `protocol` where it has its id with other contents. */
  isRepeated(event: VendorEvent): boolean {
    if (event.id === null) return false;
    const before = this.#slice.get(event.id);
    this.#slice.set(event.id, event);
    if (before === undefined) return false;
    if (JSON.stringify(before.body) === JSON.stringify(event.body)) return true;
    throw twice(this.#vendor, event, 'with different contents');
  }

  /** Throws `protocol` where an event of another slice, and so of another time, was kept under the same id. */
  keep(event: VendorEvent): void {
    if (event.id === null) return;
    const end = event.id.slice(-2);
    const kept = this.#kept.get(end) ?? new Set();
    if (kept.has(event.id)) throw twice(this.#vendor, event, 'at different times');
    this.#kept.set(end, kept.add(event.id));
  }
}

const twice = ({ name }: Vendor, { time }: VendorEvent, how: string): ExportError =>
  new ExportError('protocol', `${name} gave one event id twice, ${how}.`, {
    where: time === null ? name : `an event of ${formatInstant(time)}`,
    next: 'Run the export again; if it stays, report it to the vendor: one of the two is not what happened.',
  });
