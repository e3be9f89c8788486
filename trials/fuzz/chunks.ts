/** Bytes that come in pieces. */

/** The same bytes, cut where it is said. */
export async function* chunksOf(bytes: Buffer, cuts: Iterable<number>): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of cuts) {
    // A copy, as from the wire: what lies beside it in memory is nothing to lean on.
    yield Buffer.from(bytes.subarray(from, cut));
    from = cut;
  }
  yield Buffer.from(bytes.subarray(from));
}
