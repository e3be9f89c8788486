/** Writes the texts that events are made of. */

import { HOSTILE } from '../../sandbox/ledger.ts';
import { type Dice, diceFrom } from '../../trials/year/dice.ts';
import type { Shape } from './shape.ts';

const WORDS =
  'access account added admin allowed applied approved audit branch build changed cluster created default deleted deployed disabled enabled environment expired failed folder gate group invited issued key linked login member merged moved name new old organisation owner permission person policy project published read region removed renamed repository request reset restored revoked role rotated rule scan secret service session started team token updated user version viewed webhook'.split(
    ' ',
  );

export interface Pen extends Dice {
  readonly shape: Shape;
  /** Some words; now and then with what breaks careless writers of CSV. */
  readonly sentence: () => string;
  /** The value, or null as often as the shape leaves fields empty. */
  readonly orNull: <Value>(value: Value) => Value | null;
  /** Whether a field is there that may be missing. */
  readonly there: () => boolean;
  /** One of the people: a name without blanks. */
  readonly person: () => string;
  readonly hex: (digits: number) => string;
  readonly uuid: () => string;
  readonly ip: () => string;
  /** An object of some fields, as vendors have for what they do not name. */
  readonly details: () => Record<string, unknown>;
}

export function penFrom(seed: number, purpose: string, shape: Shape): Pen {
  const dice = diceFrom(seed, purpose);
  const { random, chance, whole, pick } = dice;

  const sentence = (): string => {
    let text = pick(WORDS);
    for (let left = whole(1, shape.words - 1); left > 0; left -= 1) text += ` ${pick(WORDS)}`;
    return chance(shape.awkward) ? `${text} ${pick(HOSTILE)}` : text;
  };
  const hex = (digits: number): string => {
    let text = '';
    while (text.length < digits) text += ((random() * 0x1_0000_0000) >>> 0).toString(16).padStart(8, '0');
    return text.slice(0, digits);
  };
  const value = (): unknown => {
    const lot = random();
    if (lot < 0.5) return sentence();
    if (lot < 0.75) return whole(0, 100_000);
    return lot < 0.9 ? chance(0.5) : null;
  };
  const person = (): string => {
    const number = whole(1, shape.names);
    return `${WORDS[number % WORDS.length]}${number}`;
  };

  return {
    ...dice,
    shape,
    sentence,
    hex,
    person,
    orNull: (inner) => (chance(shape.filled) ? inner : null),
    there: () => chance(shape.filled),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    ip: () => (chance(0.8) ? `203.0.${whole(0, 255)}.${whole(0, 255)}` : `2001:db8::${hex(4)}:${hex(4)}`),
    details: () => {
      const fields: Record<string, unknown> = {};
      for (let left = whole(1, shape.details); left > 0; left -= 1) fields[`${pick(WORDS)}${left}`] = value();
      if (chance(0.3)) fields['changes'] = [{ before: value(), after: value() }];
      return fields;
    },
  };
}
