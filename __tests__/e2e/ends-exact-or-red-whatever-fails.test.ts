/** A sample of `npm run trial -- chaos`: exports from vendors that fail as seeds say. */

import { expect, test } from '@jest/globals';
import type { VendorId } from '../../sandbox/ledger.ts';
import { type Outcome, runChaos } from '../../trials/chaos/chaos.ts';

const SEEDS = Array.from({ length: 15 }, (_, index) => 101 + index);
/** No time passes in a run, but on a crowded machine a run with thousands of events takes twenty times as long as alone. */
const TIMEOUT_MS = 240_000;

test.each<VendorId>(['kosli', 'infisical', 'datafold', 'aitronos', 'codacy'])(
  'an export of %s whose answers fail is exact, or there is none and the error is ours',
  async (vendor) => {
    const outcomes: Outcome[] = [];
    for (const seed of SEEDS) outcomes.push(await runChaos(vendor, seed));
    const wrong = outcomes.filter(({ flaws }) => flaws.length > 0);
    expect(wrong.map(({ seed, flaws }) => [seed, flaws])).toEqual([]);
    // Without it, little would be proved.
    expect(outcomes.some(({ green, met }) => green && met.length > 0)).toBe(true);
  },
  TIMEOUT_MS,
);
