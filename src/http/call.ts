import type { JsonObject } from '../json/values.ts';

/** A request of a vendor, without origin and credentials. */
export interface Call {
  /** Defaults to `GET`. */
  readonly method?: 'GET' | 'POST';
  /** Absolute path, each segment already percent-encoded. */
  readonly path: string;
  /** Query parameters in the order to send; `undefined` leaves one out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Body, sent as JSON; a GET may have one. */
  readonly body?: JsonObject;
  /** The content type that the document promises; any other is a `protocol` error. */
  readonly accept: 'json' | 'csv';
  /** Statuses beside 408, 425, 429 and 5xx that this vendor uses for "try again". */
  readonly retryOn?: readonly number[];
}

/** A whole, checked 2xx response: framing complete, decoded, of the content type asked for. */
export interface Answer {
  readonly status: number;
  /** Body, decoded from any content encoding. */
  readonly body: Buffer;
  /** Method and path, for error messages: `GET /api/v1/audit_logs`. */
  readonly where: string;
}

/** Sends one call, retried as a whole, and returns its answer. Throws `ExportError`. */
export type Send = (call: Call) => Promise<Answer>;

/** A whole, checked 2xx response of any size: beyond some MiB, its bytes wait on the disk. */
export interface Download {
  /** Method and path, for error messages: `GET /api/v1/audit_logs`. */
  readonly where: string;
  /** Body in memory; null if it is on the disk. */
  readonly body: Buffer | null;
  readonly bytes: number;
  /**
   * Yields the body from its start, by each call, in chunks of at most 512 KiB. The memory of a chunk is not reused.
   * Throws `destination`.
   */
  readonly chunks: () => AsyncIterable<Buffer>;
  /** Frees memory and disk; has to be called once reading is over. Never throws. */
  readonly release: () => Promise<void>;
}

/** Sends one call as `Send` does, for a response of any size. The caller has to release it. Throws `ExportError`. */
export type Fetch = (call: Call) => Promise<Download>;

/** One try of a request, for the manifest. Never holds a header or a body. */
export interface Exchange {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Time of sending, as RFC 3339 in UTC. */
  readonly at: string;
  /** Number of the try, from 1. */
  readonly attempt: number;
  /** Status; null if no whole response arrived. */
  readonly status: number | null;
  /** SHA-256 of the decoded body, in hex; null if no whole response arrived. */
  readonly sha256: string | null;
  readonly bytes: number;
}
