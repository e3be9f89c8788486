/** A sample of `npm run trial -- chaos --destination commit`: a GitHub that fails as seeds say, and the run after it. */

import { expect, test } from '@jest/globals';
import type { Outcome } from '../../trials/chaos/chaos.ts';
import { runDestinationChaos } from '../../trials/chaos/destinations.ts';

const SEEDS = Array.from({ length: 8 }, (_, index) => 205 + index);

test('a GitHub that fails at random: the branch is exact or the error is ours, and the next run goes on from there', async () => {
  const outcomes: Outcome[] = [];
  for (const seed of SEEDS) outcomes.push(await runDestinationChaos('commit', 'datafold', seed));
  const wrong = outcomes.filter(({ flaws }) => flaws.length > 0);
  expect(wrong.map(({ seed, flaws }) => [seed, flaws])).toEqual([]);
  // Without them, little would be proved.
  expect(outcomes.some(({ green, met }) => green && met.length > 1)).toBe(true);
  expect(outcomes.some(({ green }) => !green)).toBe(true);
}, 120_000);
