/** Memory is taken in multiples of so many bytes. */
const BLOCK_BYTES = 2 ** 18;

/**
 * Memory of its own for so many bytes or some more, whatever it held before. Long exports take and leave a lot of it: of
 * ever other sizes, it would leave holes that nothing fits into, some MiB in all.
 */
export const takeMemory = (bytes: number): Buffer<ArrayBuffer> =>
  Buffer.allocUnsafeSlow(Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES);
