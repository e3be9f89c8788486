import type { JsonObject } from '../json/values.ts';

/** A request, as a vendor words it. The origin and the credentials are not its business. */
export interface Call {
  /** Defaults to `GET`. */
  readonly method?: 'GET' | 'POST';
  /** Absolute path, each segment already percent-encoded. */
  readonly path: string;
  /** Query parameters in the order to send; `undefined` leaves one out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON; a GET may have one. */
  readonly body?: JsonObject;
  /** The content type that the document promises; any other is a `protocol` error. */
  readonly accept: 'json' | 'csv';
  /** Statuses beside 408, 425, 429 and 5xx that this vendor uses for "try again". */
  readonly retryOn?: readonly number[];
}

/** A whole, checked 2xx response: framing complete, decoded, of the content type asked for. */
export interface Answer {
  readonly status: number;
  /** Decoded from any content encoding. */
  readonly body: Buffer;
  /** Method and path, for error messages: `GET /api/v1/audit_logs`. */
  readonly where: string;
}

/** Sends one call, retried as a whole, and gives its answer. Throws `ExportError`. */
export type Send = (call: Call) => Promise<Answer>;

/** A whole, checked 2xx response as `Answer` is, of any size: beyond some MiB its bytes wait on the disk. */
export interface Download {
  /** Method and path, for error messages: `GET /api/v1/audit_logs`. */
  readonly where: string;
  /** In memory; null where it is on the disk. */
  readonly body: Buffer | null;
  readonly bytes: number;
  /**
   * All bytes from the start, as often as it is called, in pieces of at most 512 KiB. A piece is not used again for the
   * next one. Throws `destination`.
   */
  readonly chunks: () => AsyncIterable<Buffer>;
  /** Gives the memory or the disk back; to be called once nobody reads any more. Never throws. */
  readonly release: () => Promise<void>;
}

/** Sends one call as `Send` does. Whoever is given the download has to release it. Throws `ExportError`. */
export type Fetch = (call: Call) => Promise<Download>;

/** One request as it went over the wire, for the manifest. Never holds a header or a body. */
export interface Exchange {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** RFC 3339, UTC: when the request was sent. */
  readonly at: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** null where no whole response arrived. */
  readonly status: number | null;
  /** Of the decoded body; null where no whole response arrived. */
  readonly sha256: string | null;
  readonly bytes: number;
}
