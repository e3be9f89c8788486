import type { Outcome, Planned } from './chaos.ts';

/** The smallest part of a schedule with which the run still goes wrong: faults are left out one after the other. */
export async function shrink(
  schedule: readonly Planned[],
  run: (schedule: readonly Planned[]) => Promise<Outcome>,
): Promise<readonly Planned[]> {
  let smallest = schedule;
  for (let index = 0; index < smallest.length; ) {
    const without = smallest.filter((_, at) => at !== index);
    const { flaws } = await run(without);
    if (flaws.length === 0) index += 1;
    else smallest = without;
  }
  return smallest;
}
