/** A sample of `npm run trial -- year`: nights of each vendor, one test file a vendor, so that the files run side by side. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { VendorId } from '../../sandbox/ledger.ts';

/** The vendor of which the suite runs a whole year; the trial does so of all. */
const WHOLE_YEAR: VendorId = 'infisical';

/** Nights of the seeds: a long chain, and a shorter one of other chances. */
const yearsOf = (vendor: VendorId) => [
  { seed: 1, days: vendor === WHOLE_YEAR ? 365 : 100 },
  { seed: 2, days: 40 },
];
const TIMEOUT_MS = 240_000;
const SIMULATE = join(import.meta.dirname, '../../trials/year/cli.ts');

/**
 * Jitter, dropped, doubled, cancelled and repeated runs, outages, late events: at the end, every event is there once.
 * In a process of their own, since jest's modules make such a long run half as fast.
 */
export function testYears(vendor: VendorId): void {
  test.each(yearsOf(vendor))(
    `$days nights export every event of ${vendor} once (seed $seed)`,
    async ({ seed, days }) => {
      const { code, stdout, stderr } = await simulate('--vendor', vendor, '--seed', `${seed}`, '--days', `${days}`);
      expect({ code, stdout, stderr }).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^All of them are exact\.$/m),
        stderr: '',
      });
      // A year without them would prove little.
      for (const count of ['nights', 'exports', 'late']) {
        expect(Number(new RegExp(` ${count} (\\d+)`).exec(stdout)?.[1])).toBeGreaterThan(0);
      }
    },
    TIMEOUT_MS,
  );
}

async function simulate(...args: string[]) {
  const ran = promisify(execFile)(process.execPath, [SIMULATE, ...args]);
  const { stdout, stderr } = await ran.catch((error: { stdout: string; stderr: string }) => error);
  return { code: ran.child.exitCode, stdout, stderr };
}
