/** Memory is allocated in multiples of this. */
const BLOCK_BYTES = 2 ** 18;

/**
 * Allocates a buffer of at least `bytes` bytes, not cleared and shared with nobody. Sizes are rounded up, so that a
 * long export, which takes and frees many buffers, reuses freed ones: holes of ever different sizes would add up to
 * some MiB.
 */
export const takeMemory = (bytes: number): Buffer<ArrayBuffer> =>
  Buffer.allocUnsafeSlow(Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES);
