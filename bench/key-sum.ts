/** A sum over the keys of many rows in whatever order: equal for the same rows, and other where one is missing, doubled or changed. */
export interface KeySum {
  readonly rows: number;
  /** Two sums of independent hashes, modulo 2^32, in hex. */
  readonly sum: string;
}

const EMPTY = 0x811c9dc5;
/** Bound once: a global is slow to look up where a test runner gives a program globals of its own. */
const { imul } = Math;

/** Takes keys byte by byte, so that a reader need not gather them first. */
export class KeySummer {
  #rows = 0;
  #sumA = 0;
  #sumB = 0;
  #a = EMPTY;
  #b = ~EMPTY;

  /** One more byte of the key at hand. */
  push(byte: number): void {
    this.#a = imul(this.#a ^ byte, 0x01000193);
    this.#b = imul(this.#b ^ byte, 0x5bd1e995);
  }

  /** The key at hand is whole. */
  next(): void {
    this.#rows += 1;
    this.#sumA = (this.#sumA + scramble(this.#a)) >>> 0;
    this.#sumB = (this.#sumB + scramble(this.#b)) >>> 0;
    this.#a = EMPTY;
    this.#b = ~EMPTY;
  }

  add(key: Uint8Array): void {
    for (const byte of key) this.push(byte);
    this.next();
  }

  total(): KeySum {
    const hex = (sum: number) => sum.toString(16).padStart(8, '0');
    return { rows: this.#rows, sum: hex(this.#sumA) + hex(this.#sumB) };
  }
}

/** Without it, sums of hashes of keys that are alike would be alike. */
function scramble(hash: number): number {
  const mixed = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ (mixed >>> 16);
}
