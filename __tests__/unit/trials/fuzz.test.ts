/** A sample of `npm run trial -- fuzz`: some inputs of each target, from a fixed seed. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { playRound } from '../../../trials/fuzz/run.ts';
import { target } from '../../../trials/fuzz/target.ts';
import { TARGETS } from '../../../trials/fuzz/targets.ts';

test.each(TARGETS.map((each) => [each.name, each.holds, each] as const))(
  'target %s: %s',
  async (_name, _holds, each) => {
    const checker = await each.open();
    try {
      const { runs, verdicts, failure } = await playRound(each, checker, { runs: each.sample, seed: 1 });
      expect(failure).toBeNull();
      expect(runs).toBe(each.sample);
      // Without it, little would be proved.
      expect(verdicts.taken).toBeGreaterThan(0);
    } finally {
      await checker.close();
    }
  },
);

describe('a round of a fuzz target', () => {
  const below42 = target({
    ...{ name: 'numbers', holds: 'a number is below 42', runs: 100, sample: 100, inputs: fc.nat() },
    check: (number) => {
      if (number >= 42) throw new Error(`${number} is not below 42`);
      return 'taken';
    },
  });

  test('with a failure: has the smallest input that fails, and the path to run it again', async () => {
    const checker = await below42.open();
    const { failure } = await playRound(below42, checker, { runs: 100, seed: 7 });
    expect(failure).toMatchObject({ seed: 7, input: '42', error: expect.stringContaining('42 is not below 42') });
    const tried: unknown[] = [];
    const again = await playRound(below42, checker, {
      ...{ runs: 100, seed: 7, path: failure?.path },
      onInput: (input) => tried.push(input),
    });
    expect(again.failure?.input).toBe('42');
    expect(tried[0]).toBe(42);
  });

  test('with a changed prototype: fails', async () => {
    const spoiling = target({
      ...{ name: 'spoil', holds: 'nothing', runs: 1, sample: 1, inputs: fc.constant('polluted') },
      check: (name) => {
        Object.assign(Object.prototype, { [name]: true });
        return 'taken';
      },
    });
    try {
      const { failure } = await playRound(spoiling, await spoiling.open(), { runs: 1, seed: 1 });
      expect(failure?.error).toContain('A prototype was changed.');
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted');
    }
  });
});
