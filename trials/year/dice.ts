/** Chance from a seed: equal seeds give equal years. */

import { randomFrom } from '../../sandbox/ledger.ts';

export interface Dice {
  /** At least 0, less than 1. */
  readonly random: () => number;
  readonly chance: (probability: number) => boolean;
  /** At least `least`, less than `most`. */
  readonly between: (least: number, most: number) => number;
  /** A whole number, both ends included. */
  readonly whole: (least: number, most: number) => number;
  readonly pick: <Value>(values: readonly Value[]) => Value;
}

/** Every `purpose` has dice of its own, so that one more throw here does not change everything there. */
export function diceFrom(seed: number, purpose: string): Dice {
  let mixed = seed;
  for (const letter of purpose) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193);
  const random = randomFrom(mixed);
  const between = (least: number, most: number) => least + random() * (most - least);
  const whole = (least: number, most: number) => Math.floor(between(least, most + 1));
  return {
    random,
    chance: (probability) => random() < probability,
    between,
    whole,
    pick: (values) => values[whole(0, values.length - 1)] as (typeof values)[number],
  };
}
