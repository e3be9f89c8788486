import { fingerprint } from '../base/hash.ts';
import { contains, type Window } from '../time/window.ts';
import type { Page, Retraction, VendorEvent } from './contract.ts';
import { jsonOf } from './event-body.ts';

/**
 * Statistics of one answer, counted while its events pass, by which the cap guard judges whether the answer is whole.
 */
export class AnswerStats {
  readonly window: Window;
  count = 0;
  isTimeless = false;
  #rises = true;
  #falls = true;
  #last = Number.NaN;
  /** Events of the first millisecond; `#tail` has those of the last. */
  readonly #head: VendorEvent[] = [];
  #tail: VendorEvent[] = [];

  constructor(window: Window) {
    this.window = window;
  }

  add(events: readonly VendorEvent[]): void {
    this.count += events.length;
    for (const event of events) {
      const time = event.time ?? Number.NaN;
      if (event.time === null) this.isTimeless = true;
      if (time > this.#last) this.#falls = false;
      if (time < this.#last) this.#rises = false;
      const isSame = Math.floor(time) === Math.floor(this.#last);
      this.#last = time;
      if (!this.isInOrder) continue;
      if (!isSame) this.#tail = [];
      this.#tail.push(event);
      if (this.#head.length === 0 || millisecondOf(this.#head) === Math.floor(time)) this.#head.push(event);
    }
  }

  /** Whether the events come newest first. */
  get falls(): boolean {
    return this.#falls && !this.#rises;
  }

  get isInOrder(): boolean {
    return !this.isTimeless && (this.#rises || this.#falls);
  }

  /** Events of the oldest millisecond and of the newest; meaningful only where the answer is in order. */
  get outermost(): [oldest: readonly VendorEvent[], newest: readonly VendorEvent[]] {
    return this.#rises ? [this.#head, this.#tail] : [this.#tail, this.#head];
  }
}

/** Returns the millisecond of the first of some events. */
export const millisecondOf = ([event]: readonly VendorEvent[]): number => Math.floor(event?.time ?? Number.NaN);

/** Returns the events of the window, and those without a time. */
export const inWindow = (window: Window, events: readonly VendorEvent[]): readonly VendorEvent[] =>
  events.filter(({ time }) => time === null || contains(window, time));

/** Whether two lists hold equal rows, in whatever order. Counts alone may agree by chance. */
export function sameRows(some: readonly VendorEvent[], others: readonly VendorEvent[]): boolean {
  if (some.length !== others.length) return false;
  const [rows, otherRows] = [some.map(textOf), others.map(textOf)];
  const isSame = () => rows.every((row, index) => row === otherRows[index]);
  // Most are in the same order, too, and need no sorting.
  if (isSame()) return true;
  rows.sort();
  otherRows.sort();
  return isSame();
}

/** A count of events, and a sum over them that does not depend on their order. */
interface Sum {
  readonly count: number;
  readonly sum: bigint;
}

/** Sums up the pages that were not retracted, as a multiset. */
export class MultisetSum {
  readonly #answers = new Map<object | undefined, Sum>();

  add(page: Page | Retraction): void {
    if ('retracted' in page) {
      this.#answers.delete(page.retracted);
      return;
    }
    const kept = inWindow(page.slice, page.events);
    const { count, sum } = this.#answers.get(page.provisional) ?? { count: 0, sum: 0n };
    const more = kept.reduce((total, event) => total + fingerprint(textOf(event)), sum);
    this.#answers.set(page.provisional, { count: count + kept.length, sum: more });
  }

  /** Identities of the provisional answers that were not retracted. */
  provisionals(): object[] {
    return [...this.#answers.keys()].filter((answer) => answer !== undefined);
  }

  /** Returns the sum over everything that was added and not retracted. */
  total(): Sum {
    const all = [...this.#answers.values()];
    return {
      count: all.reduce((total, { count }) => total + count, 0),
      sum: all.reduce((total, { sum }) => total + sum, 0n),
    };
  }
}

/** Returns all that an event says as one text. */
const textOf = ({ body }: VendorEvent): string => jsonOf(body);
