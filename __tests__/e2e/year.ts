/** Years of nights for each vendor: one test file a vendor, so that they run side by side. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { VendorId } from '../../sandbox/ledger.ts';

const SEEDS = [1, 2, 3];
const TIMEOUT_MS = 240_000;
const SIMULATE = join(import.meta.dirname, '../../sandbox/simulate.ts');

/**
 * Jitter, dropped, doubled, cancelled and repeated runs, outages, late events: at the end, every event is there once.
 * In a process of their own, since jest's modules make such a long run half as fast.
 */
export function testYears(vendor: VendorId): void {
  test.each(SEEDS)(
    `a year of nights exports every event of ${vendor} once (seed %i)`,
    async (seed) => {
      const { code, stdout, stderr } = await simulate('--vendor', vendor, '--seed', String(seed));
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
