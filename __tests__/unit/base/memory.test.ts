import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { takeMemory } from '../../../src/base/memory.ts';

const GRAIN = 2 ** 18;

test.each([
  [1, GRAIN],
  [GRAIN, GRAIN],
  [GRAIN + 1, 2 * GRAIN],
])('memory for %d bytes is of %d', (bytes, expected) => {
  expect(takeMemory(bytes).length).toBe(expected);
});

test('memory is enough, little more than that, and shared with nobody', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 22 }), (bytes) => {
      const memory = takeMemory(bytes);
      expect(memory.length).toBeGreaterThanOrEqual(bytes);
      expect(memory.length - bytes).toBeLessThan(GRAIN);
      expect(memory.buffer.byteLength).toBe(memory.length);
    }),
    { numRuns: 50 },
  );
});
