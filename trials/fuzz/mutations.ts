/** Small damage to bytes, as a fast-check arbitrary that shrinks to none. */

import fc from 'fast-check';

/** At a place between 0 (the start) and 1 (the end), this many bytes are replaced by these. */
export interface Edit {
  readonly place: number;
  readonly remove: number;
  readonly insert: Buffer;
}

const PLACES = 2 ** 16;

/** Up to `most` edits; what they insert is mostly one of the `tokens`, those that mean something in the format. */
export function editsOf(tokens: readonly string[], most: number): fc.Arbitrary<readonly Edit[]> {
  const insert = fc.oneof(
    { weight: 2, arbitrary: fc.constant(Buffer.of()) },
    { weight: 4, arbitrary: fc.constantFrom(...tokens).map((token) => Buffer.from(token)) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => Buffer.from(bytes)) },
  );
  const remove = fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 2 }) },
    { weight: 1, arbitrary: fc.nat({ max: 2 ** 12 }) },
  );
  const place = fc.nat({ max: PLACES }).map((at) => at / PLACES);
  return fc.array(fc.record({ place, remove, insert }), { maxLength: most });
}

/** The bytes after all edits, one after the other. */
export function edited(bytes: Buffer, edits: readonly Edit[]): Buffer {
  return edits.reduce((before, { place, remove, insert }) => {
    const at = Math.floor(place * before.length);
    return Buffer.concat([before.subarray(0, at), insert, before.subarray(at + remove)]);
  }, bytes);
}

/** Text of the pieces, most of them short; now and then a piece again and again, which slow readers choke on. */
export function textOf(pieces: readonly string[], maxLength = 12): fc.Arbitrary<string> {
  const piece = fc.constantFrom(...pieces);
  return fc.oneof(
    { weight: 30, arbitrary: fc.array(piece, { maxLength }).map((all) => all.join('')) },
    { weight: 10, arbitrary: fc.string({ unit: 'binary', maxLength }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(piece, piece, fc.constantFrom(1_000, 100_000), piece)
        .map(([before, repeated, times, after]) => before + repeated.repeat(times) + after),
    },
  );
}
