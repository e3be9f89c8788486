/** A year of nights for each vendor: one test file a vendor, so that they run side by side. */

import { expect, test } from '@jest/globals';
import type { VendorId } from '../../sandbox/ledger.ts';
import { simulateYear } from '../../sandbox/year/year.ts';

const YEARS = [{ seed: 1 }, { seed: 2 }, { seed: 3 }];
const TIMEOUT_MS = 240_000;

/** Jitter, dropped, doubled, cancelled and repeated runs, outages, late events: at the end, every event is there once. */
export function testYears(vendor: VendorId): void {
  test.each(YEARS)(
    `a year of nights exports every event of ${vendor} once (seed $seed)`,
    async (year) => {
      const { again, differences, exports, late } = await simulateYear({ vendor, ...year });
      expect({ again, differences }).toEqual({ again, differences: [] });
      // A year without them would prove little.
      expect(Math.min(exports, late)).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
}
