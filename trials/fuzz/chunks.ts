/** Bytes that come in pieces. */

/** Splits bytes at the given ends. */
export async function* chunksOf(bytes: Buffer, cuts: Iterable<number>): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of cuts) {
    // A copy, as from a socket: a reader must not rely on the bytes beside it in memory.
    yield Buffer.from(bytes.subarray(from, cut));
    from = cut;
  }
  yield Buffer.from(bytes.subarray(from));
}
