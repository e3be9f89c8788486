import { asObject, type JsonObject, parseJson } from '../../json/values.ts';
import type { EncodedRow } from '../../vendors/contract.ts';

/** Memory that the rows of one batch lie in. */
export interface TranscodedBatch {
  /** The vendor's JSON. */
  readonly source: Buffer;
  /** The rows as CSV. */
  encoded: Buffer;
}

/**
 * An event of a JSON vendor as an encoded row of the exported table; its fields are parsed only where somebody asks for
 * them.
 */
export class TranscodedRow implements EncodedRow {
  readonly #batch: TranscodedBatch;
  /** The row lies in `[from, to)`, line end included. */
  readonly from: number;
  readonly to: number;
  /** The event's JSON lies in `[sourceFrom, sourceTo)`. */
  readonly sourceFrom: number;
  readonly sourceTo: number;
  /** Whether the event's JSON is written as `JSON.stringify` writes it. */
  readonly #isCompact: boolean;

  constructor(
    batch: TranscodedBatch,
    from: number,
    to: number,
    sourceFrom: number,
    sourceTo: number,
    isCompact: boolean,
  ) {
    this.#isCompact = isCompact;
    this.#batch = batch;
    this.from = from;
    this.to = to;
    this.sourceFrom = sourceFrom;
    this.sourceTo = sourceTo;
  }

  /** Bytes that the row lies in, with other rows around it. */
  get bytes(): Buffer {
    return this.#batch.encoded;
  }

  /** Bytes that the event's JSON lies in, with other events around it. */
  get source(): Buffer {
    return this.#batch.source;
  }

  /** Returns the vendor's own object as `readJson` reads it, parsed anew each time. */
  toJSON(): JsonObject {
    const where = 'an event that was read before';
    return asObject(parseJson(this.#batch.source.toString('utf8', this.sourceFrom, this.sourceTo), where), 'it', where);
  }

  get json(): string {
    return this.#isCompact
      ? this.#batch.source.toString('utf8', this.sourceFrom, this.sourceTo)
      : JSON.stringify(this.toJSON());
  }
}
