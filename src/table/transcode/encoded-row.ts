import { asObject, type JsonObject, parseJson } from '../../json/values.ts';
import type { EncodedRow } from '../../vendors/contract.ts';

/** What the rows of one batch lie in. */
export interface TranscodedBatch {
  /** The vendor's JSON. */
  readonly source: Buffer;
  /** The rows as CSV. */
  encoded: Buffer;
}

/** An event of a JSON vendor as a row of the table that is asked for, encoded already; its fields are parsed where somebody asks for them. */
export class TranscodedRow implements EncodedRow {
  readonly #batch: TranscodedBatch;
  /** The row stands from here up to `to`, its line end included. */
  readonly from: number;
  readonly to: number;
  /** The event's JSON stands from here up to `sourceTo`. */
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

  /** The row's bytes, and others around it. */
  get bytes(): Buffer {
    return this.#batch.encoded;
  }

  /** The event's JSON, and others around it. */
  get source(): Buffer {
    return this.#batch.source;
  }

  /** The vendor's own object, as `readJson` reads it, parsed anew each time. */
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
