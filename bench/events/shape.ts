/** What events look like, drawn from the seed: an exporter that is fast for one shape alone is found out by another. */

import { diceFrom } from '../../trials/year/dice.ts';

export interface Shape {
  /** Of the fields that may be missing or null, so many are there; a share. */
  readonly filled: number;
  /** Words of a free text, at most. */
  readonly words: number;
  /** Of the free texts, so many hold quotes, commas, line breaks or letters beyond ASCII; a share. */
  readonly awkward: number;
  /** Fields of a nested object, at most. */
  readonly details: number;
  /** How many people and things the events are about. */
  readonly names: number;
  /** Of the events, so many fall on the same instant as the one before; a share. */
  readonly ties: number;
}

export function shapeOf(seed: number): Shape {
  const { between, whole } = diceFrom(seed, 'shape');
  const share = (least: number, most: number) => Math.round(between(least, most) * 100) / 100;
  return {
    filled: share(0.6, 0.95),
    words: whole(6, 14),
    awkward: share(0.02, 0.2),
    details: whole(3, 7),
    names: whole(20, 2000),
    ties: share(0.01, 0.1),
  };
}
