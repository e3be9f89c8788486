import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { takeMemory } from '../../../src/base/memory.ts';

const BLOCK_BYTES = 2 ** 18;

test.each([
  [1, BLOCK_BYTES],
  [BLOCK_BYTES, BLOCK_BYTES],
  [BLOCK_BYTES + 1, 2 * BLOCK_BYTES],
])('takeMemory: %d bytes are rounded up to %d', (bytes, expected) => {
  expect(takeMemory(bytes).length).toBe(expected);
});

test('takeMemory: the buffer is large enough, at most one block larger, and shares no memory', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 22 }), (bytes) => {
      const memory = takeMemory(bytes);
      expect(memory.length).toBeGreaterThanOrEqual(bytes);
      expect(memory.length - bytes).toBeLessThan(BLOCK_BYTES);
      expect(memory.buffer.byteLength).toBe(memory.length);
    }),
    { numRuns: 50 },
  );
});
