/** Which kills and interrupts a command makes: drawn by a seed from all that there are. */

import { type Dice, diceFrom } from '../year/dice.ts';
import { type Filled, fillsOf } from './full.ts';
import type { Call } from './interrupts.ts';
import { type Blow, blowsOf, type Course } from './kills.ts';
import type { Scene } from './scene.ts';

export interface Staged {
  readonly scene: Scene;
  readonly course: Course;
}

/** One kill in so many comes at some time, not at a step. */
const TIMED = 6;

/** So many kills, no step twice; fewer where there are not so many. */
export function drawKills(stages: readonly Staged[], seed: number, count: number): { scene: Scene; blow: Blow }[] {
  const dice = diceFrom(seed, 'kills');
  const steps = stages.flatMap(({ scene, course }) => blowsOf(course).map((blow) => ({ scene, blow })));
  const timed = Math.floor(count / TIMED);
  const chosen = shuffled(steps, dice).slice(0, count - timed);
  for (let index = 0; index < timed; index++) {
    const { scene, course } = dice.pick(stages);
    chosen.push({ scene, blow: { at: 'time', ms: dice.whole(0, Math.ceil(course.ms)) } });
  }
  return shuffled(chosen, dice);
}

/** So many full disks, no step twice. */
export function drawFills(stages: readonly Staged[], seed: number, count: number): { scene: Scene; filled: Filled }[] {
  const steps = stages.flatMap(({ scene, course }) => fillsOf(course).map((filled) => ({ scene, filled })));
  return shuffled(steps, diceFrom(seed, 'full disks')).slice(0, count);
}

/** So many interrupts, at requests and at any time. */
export function drawCalls(stages: readonly Staged[], seed: number, count: number): { scene: Scene; call: Call }[] {
  const dice = diceFrom(seed, 'interrupts');
  return Array.from({ length: count }, () => {
    const { scene, course } = dice.pick(stages);
    const call: Call = dice.chance(0.6)
      ? { at: 'request', step: dice.whole(1, course.requests.length), answered: dice.chance(0.5) }
      : { at: 'time', ms: dice.whole(0, Math.ceil(course.ms)) };
    return { scene, call };
  });
}

function shuffled<Value>(values: readonly Value[], dice: Dice): Value[] {
  return values
    .map((value) => ({ value, at: dice.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
