/** Which kills and interrupts a command makes: drawn by a seed from all that there are. */

import { type Dice, diceFrom } from '../year/dice.ts';
import { type FullDiskPoint, fullDiskPointsOf } from './full-disk.ts';
import type { InterruptPoint } from './interrupt.ts';
import { type KillPoint, killPointsOf, type UndisturbedRun } from './kill.ts';
import type { Scenario } from './scenario.ts';

export interface ScenarioRun {
  readonly scenario: Scenario;
  readonly undisturbed: UndisturbedRun;
}

/** One kill in so many comes at some time, not at a step. */
const TIMED = 6;

/** So many kills, no step twice; fewer where there are not so many. */
export function drawKills(
  scenarioRuns: readonly ScenarioRun[],
  seed: number,
  count: number,
): { scenario: Scenario; point: KillPoint }[] {
  const dice = diceFrom(seed, 'kills');
  const steps = scenarioRuns.flatMap(({ scenario, undisturbed }) =>
    killPointsOf(undisturbed).map((point) => ({ scenario, point })),
  );
  const timed = Math.floor(count / TIMED);
  const chosen = shuffled(steps, dice).slice(0, count - timed);
  for (let index = 0; index < timed; index++) {
    const { scenario, undisturbed } = dice.pick(scenarioRuns);
    chosen.push({ scenario, point: { at: 'time', ms: dice.whole(0, Math.ceil(undisturbed.ms)) } });
  }
  return shuffled(chosen, dice);
}

/** So many full disks, no step twice. */
export function drawFullDiskPoints(
  scenarioRuns: readonly ScenarioRun[],
  seed: number,
  count: number,
): { scenario: Scenario; point: FullDiskPoint }[] {
  const steps = scenarioRuns.flatMap(({ scenario, undisturbed }) =>
    fullDiskPointsOf(undisturbed).map((point) => ({ scenario, point })),
  );
  return shuffled(steps, diceFrom(seed, 'full disks')).slice(0, count);
}

/** So many interrupts, at requests and at any time. */
export function drawInterruptPoints(
  scenarioRuns: readonly ScenarioRun[],
  seed: number,
  count: number,
): { scenario: Scenario; point: InterruptPoint }[] {
  const dice = diceFrom(seed, 'interrupts');
  return Array.from({ length: count }, () => {
    const { scenario, undisturbed } = dice.pick(scenarioRuns);
    const point: InterruptPoint = dice.chance(0.6)
      ? { at: 'request', step: dice.whole(1, undisturbed.requests.length), answered: dice.chance(0.5) }
      : { at: 'time', ms: dice.whole(0, Math.ceil(undisturbed.ms)) };
    return { scenario, point };
  });
}

function shuffled<Value>(values: readonly Value[], dice: Dice): Value[] {
  return values
    .map((value) => ({ value, at: dice.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
