/** Counts what came of many runs. */

import type { Outcome } from './chaos.ts';

/** Share of the runs with transient faults alone that has to succeed. */
const LEAST_SUCCESS = 0.95;

/** How often something was met, and how many of the runs that met it ended red. */
type Met = Map<string, { times: number; red: number }>;

export class Tally {
  #runs = 0;
  #green = 0;
  #transient = 0;
  #transientGreen = 0;
  #flawed = 0;
  readonly #errors = new Map<string, number>();
  readonly #met: Met = new Map();

  add({ met, green, error, transientOnly, flaws }: Outcome): void {
    this.#runs += 1;
    if (green) this.#green += 1;
    if (transientOnly) this.#transient += 1;
    if (transientOnly && green) this.#transientGreen += 1;
    if (flaws.length > 0) this.#flawed += 1;
    if (error !== null) this.#errors.set(error, (this.#errors.get(error) ?? 0) + 1);
    for (const kind of met) {
      const known = this.#met.get(kind) ?? { times: 0, red: 0 };
      this.#met.set(kind, { times: known.times + 1, red: known.red + (green ? 0 : 1) });
    }
  }

  /** Whether no run went wrong, and enough of those succeeded that should. */
  get isSound(): boolean {
    return this.#flawed === 0 && this.#share >= LEAST_SUCCESS;
  }

  get #share(): number {
    return this.#transient === 0 ? 1 : this.#transientGreen / this.#transient;
  }

  /** One line of what came of the runs. */
  line(title: string, seconds: number): string {
    const red = [...this.#errors].map(([kind, times]) => `${times} ${kind}`).join(', ');
    const failed = this.#runs - this.#green - this.#errorless;
    return [
      title.padEnd(10),
      `${this.#runs} runs, ${this.#green} green, ${failed} red${red && ` (${red})`}, ${this.#flawed} wrong;`,
      `${(100 * this.#share).toFixed(1)} % of ${this.#transient} with transient faults alone succeeded; ${seconds.toFixed(0)} s`,
    ].join(' ');
  }

  get #errorless(): number {
    return this.#runs - this.#green - [...this.#errors.values()].reduce((sum, times) => sum + times, 0);
  }

  /** A line for each kind: how often it was met, and how many of those runs ended red. */
  kinds(all: readonly string[]): string[] {
    return all.map((kind) => {
      const { times, red } = this.#met.get(kind) ?? { times: 0, red: 0 };
      return `  ${String(times).padStart(6)} ${String(red).padStart(6)} red  ${kind}`;
    });
  }
}
