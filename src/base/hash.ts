const { imul } = Math;

const halvesOfOne = new Uint32Array(2);
const wholeOfOne = new BigUint64Array(halvesOfOne.buffer);

/** A hash of 64 bits of a text, as a number. */
export function fingerprint(text: string): bigint {
  hashInto(halvesOfOne, 0, text);
  return wholeOfOne[0] ?? 0n;
}

/**
 * Writes a hash of 64 bits into `halves[at]` and `halves[at + 1]`: two running sums that each character is multiplied
 * into, mixed with each other at the end, as cyrb53 does.
 */
export function hashInto(halves: Uint32Array, at: number, text: string): void {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = imul(a ^ code, 2654435761);
    b = imul(b ^ code, 1597334677);
  }
  a = imul(a ^ (a >>> 16), 2246822507) ^ imul(b ^ (b >>> 13), 3266489909);
  b = imul(b ^ (b >>> 16), 2246822507) ^ imul(a ^ (a >>> 13), 3266489909);
  halves[at] = a;
  halves[at + 1] = b;
}
