import { hashOf } from '../../json/literals.ts';
import type { Copier } from './json-to-csv.ts';

const [QUOTE, COMMA, COLON, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x2c, 0x3a, 0x7b, 0x7d];

/** A field in the JSON of an event, by places in the event's bytes. */
interface Leftover {
  /** Place of the name of the object that holds the field, quotes included; -1 where the event itself holds it. */
  parentFrom: number;
  parentTo: number;
  nameFrom: number;
  nameTo: number;
  from: number;
  to: number;
  isCompact: boolean;
  hash: number;
}

/** The fields of an event that no native column holds, in their order; the column `extra` is made of them. */
export class Leftovers {
  /** Memory for fields, used again from event to event. */
  readonly #fields: Leftover[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  /**
   * Adds a field whose name lies in `[nameFrom, nameTo)`, quotes included. Returns false where its object seems to have
   * another field of that name. `setValue` has to follow.
   */
  add(bytes: Buffer, parentFrom: number, parentTo: number, nameFrom: number, nameTo: number): boolean {
    const hash = hashOf(bytes, nameFrom, nameTo);
    for (let index = 0; index < this.#count; index++) {
      const other = this.#fields[index] as Leftover;
      if (other.hash === hash && other.parentFrom === parentFrom) return false;
    }
    const field = this.#fields[this.#count] ?? none();
    this.#fields[this.#count++] = field;
    field.parentFrom = parentFrom;
    field.parentTo = parentTo;
    field.nameFrom = nameFrom;
    field.nameTo = nameTo;
    field.hash = hash;
    return true;
  }

  /** Sets the place of the value of the field that was added last. */
  setValue(from: number, to: number, isCompact: boolean): void {
    const field = this.#fields[this.#count - 1] as Leftover;
    field.from = from;
    field.to = to;
    field.isCompact = isCompact;
  }

  /** The most bytes that `write` may take. */
  get mostBytes(): number {
    let bytes = 8;
    for (let index = 0; index < this.#count; index++) {
      const { parentFrom, parentTo, nameFrom, nameTo, from, to } = this.#fields[index] as Leftover;
      bytes += 2 * (parentTo - parentFrom + nameTo - nameFrom + to - from) + 8;
    }
    return bytes;
  }

  /** Writes the fields as a JSON object in a quoted cell; fields of one inner object stay in one. */
  write(copier: Copier, into: Buffer, start: number): number {
    let at = start;
    into[at++] = QUOTE;
    into[at++] = OPEN_OBJECT;
    let parent = -1;
    for (let index = 0; index < this.#count; index++) {
      const { parentFrom, parentTo, nameFrom, nameTo, from, to, isCompact } = this.#fields[index] as Leftover;
      if (parentFrom !== parent) {
        if (parent !== -1) into[at++] = CLOSE_OBJECT;
        if (index > 0) into[at++] = COMMA;
        if (parentFrom !== -1) {
          at = copier.double(parentFrom, parentTo, at);
          into[at++] = COLON;
          into[at++] = OPEN_OBJECT;
        }
        parent = parentFrom;
      } else if (index > 0) into[at++] = COMMA;
      at = copier.double(nameFrom, nameTo, at);
      into[at++] = COLON;
      at = isCompact ? copier.double(from, to, at) : copier.doubleNormalized(from, to, at);
    }
    if (parent !== -1) into[at++] = CLOSE_OBJECT;
    into[at++] = CLOSE_OBJECT;
    into[at++] = QUOTE;
    return at;
  }
}

const none = (): Leftover => ({
  ...{ parentFrom: -1, parentTo: -1, nameFrom: 0, nameTo: 0 },
  ...{ from: 0, to: 0, isCompact: true, hash: 0 },
});
