import type { Download, Fetch, Send } from '../http/call.ts';
import type { Rate } from '../http/rate-limiter.ts';
import type { ArrayLocation } from '../json/envelope.ts';
import type { JsonObject } from '../json/values.ts';
import type { Window } from '../time/window.ts';

/** The contract of a vendor, and all that a vendor is given. Adding a vendor means writing one object of the type `Vendor`. */

import type { CsvRow } from '../csv/csv-row.ts';

/** A row of the exported table that is encoded already, with the event that it was made of. */
export interface EncodedRow {
  /** Bytes in which the row lies, from `from` up to `to`, line end included; other bytes may lie around the row. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** Returns the vendor's own object, parsed anew each time. */
  readonly toJSON: () => JsonObject;
  /** The vendor's own object as `JSON.stringify` writes it. */
  readonly json: string;
}

/** One event: the vendor's own object, and the few facts about it that all rooms need. */
export interface VendorEvent {
  /** Milliseconds since 1970 (a fraction keeps finer digits in order); null where the vendor gives no time. */
  readonly time: number | null;
  /** The vendor's id of the event; null where the vendor gives none, and then nothing is ever de-duplicated. */
  readonly id: string | null;
  /** A JSON object, a row that is encoded already, or a CSV vendor's row with cells in the header's order. */
  readonly body: JsonObject | EncodedRow | CsvRow;
}

/** A batch of events of one segment. */
export interface Page {
  /** The time that this page is asked for; events outside `slice` are counted and left out. */
  readonly slice: Window;
  /** Identity of a provisional answer, which a later `Retraction` may name; left out where the page stays. */
  readonly provisional?: object;
  /** The header of a CSV vendor's page. Every page of an export has to have an equal one. */
  readonly header?: readonly string[];
  readonly events: readonly VendorEvent[];
}

/** Retracts every page of a provisional answer, since the answer was not whole. Other pages of the same time follow. */
export interface Retraction {
  readonly retracted: object;
}

/**
 * A part of the log that is walked on its own, beside other segments. Segments come oldest first and do not overlap;
 * the pages of one segment come in any order.
 */
export type Segment = (splitOff: SplitOff) => AsyncIterable<Page | Retraction>;

/**
 * Splits an older part off the segment that is walked; returns false where no walker is free, and then the part stays.
 */
export type SplitOff = (part: Segment) => boolean;

/** Columns of the `common` table that a vendor fills; the others are filled alike for every vendor. */
export type CommonName =
  | 'action'
  | 'outcome'
  | 'actor_type'
  | 'actor_id'
  | 'actor_name'
  | 'actor_email'
  | 'target_type'
  | 'target_id'
  | 'target_name'
  | 'source_ip'
  | 'user_agent';

/**
 * Source of a cell of the `common` table: one native column as it is, or native columns from which the cell is made.
 */
export type CommonSource =
  | string
  /** Names of native columns, of which the first that is not empty is taken as it is. */
  | { readonly firstOf: readonly string[] }
  /** A column that holds a JSON object, parsed once a row, and the value that is picked from the object. */
  | { readonly json: string; readonly pick: (object: JsonObject) => unknown }
  | {
      readonly of: readonly string[];
      /** Makes the cell from the cells of `of`, in that order; an empty cell means that the vendor did not say. */
      readonly cell: (...cells: string[]) => string;
    };

export type Columns = 'native' | 'common' | readonly string[];

/** The question to the vendor, fixed before the first request. */
export interface Query {
  readonly window: Window;
  /** The organisation as the vendor's path wants it; null where the token decides. */
  readonly org: string | null;
  /**
   * The first part of an organisation that is written in two, `provider/name`; null where the vendor has no such part.
   */
  readonly provider: string | null;
  /** Filters by the vendor's parameter name. Each has at least one value, a filter that is not a list exactly one. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
}

/**
 * A sentence on how completeness was established, or where it ends. A function is called after all segments were
 * walked.
 */
export type Note = string | (() => string);

/** The shape of a JSON vendor's events, in names of native columns: `event.type` is the field `type` of `event`. */
export interface EventShape {
  readonly columns: readonly NativeColumn[];
  /** Column that holds the time as a date-time. */
  readonly time: string;
  /** Column that holds the id as a string; null where events have none. */
  readonly id: string | null;
  /** Groups of columns; in every event at least one of each group has to be a string. */
  readonly strings: readonly (readonly string[])[];
}

/**
 * Reads the events of a JSON response in batches, all at once where the response is in memory, and returns what the
 * response holds beside the events; null where the response is an array itself. Calls `read` for an event that differs
 * from `shape`. Throws what `read` throws, and `protocol`. Does not release the download.
 */
export type ReadEvents = (
  answer: Download,
  place: ArrayLocation,
  shape: EventShape,
  read: (element: unknown, where: string) => VendorEvent,
) => AsyncGenerator<readonly VendorEvent[], JsonObject | null>;

/** Everything that a vendor is given for one export. */
export interface Session {
  readonly query: Query;
  readonly send: Send;
  /** Sends a call whose response may be larger than memory should be. */
  readonly download: Fetch;
  readonly events: ReadEvents;
  /** Adds a sentence to the manifest and the summary. */
  readonly note: (note: Note) => void;
}

export interface Filter {
  readonly name: string;
  /** One line for the documentation. */
  readonly meaning: string;
  /** Whether the value is a comma-separated list. */
  readonly list?: boolean;
  /** The closed list of values that the document names. */
  readonly values?: readonly string[];
  /** Another filter without which the vendor silently ignores this one. */
  readonly needs?: string;
  /** A grammar beyond "not empty", with its accepted form in words. */
  readonly grammar?: { readonly pattern: RegExp; readonly form: string };
}

export interface NativeColumn {
  /** The field's name, or `object.field` one level deep. */
  readonly name: string;
  readonly meaning: string;
}

/** How stored credentials become a token. */
export interface Login {
  /** Exchanges stored or minted credentials for a token. */
  readonly exchange: (credentials: Credentials, send: Send) => Promise<string>;
  /** Whether a refused response means that the token has expired, and not that the role is too small. */
  readonly expired: (status: number, body: Buffer) => boolean;
}

export type Credentials =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'client'; readonly clientId: string; readonly clientSecret: string }
  | { readonly kind: 'identity'; readonly identityId: string; readonly mintIdToken: () => Promise<string> };

/** One vendor: data, and one generator that walks the log. */
export interface Vendor {
  readonly id: string;
  readonly name: string;
  /** The public document that this file follows, and the day it was read. */
  readonly document: { readonly url: string; readonly read: string };
  /** Origins by region; the first is the default. */
  readonly hosts: Readonly<Record<string, string>>;
  /** How `org` is written; `required: false` means that it only names the export. */
  readonly org: {
    readonly required: boolean;
    readonly pattern: RegExp;
    readonly form: string;
    /** First parts that an organisation may have before a slash; the first is the default. */
    readonly providers?: readonly string[];
  };
  readonly headers: (token: string) => Readonly<Record<string, string>>;
  readonly login?: Login;
  readonly filters: readonly Filter[];
  /** The format of the vendor's responses. */
  readonly format: 'json' | 'csv';
  /** The documented columns in order; null where the header of the first response decides. */
  readonly columns: readonly NativeColumn[] | null;
  /** The native column that holds an event's id; null where the vendor gives none. */
  readonly idColumn: string | null;
  /** The native column that holds an event's time; null where no document says. */
  readonly timeColumn: string | null;
  /** `time` sorts the rows of each slice by time; `vendor` keeps the vendor's order. */
  readonly order: 'time' | 'vendor';
  /** How long the vendor keeps events, in milliseconds; null where no document says. */
  readonly retention: number | null;
  /** Another meaning of "no events"; shown where a window is empty. */
  readonly emptyMayMean?: string;
  /** Notes for people: where a token comes from, what the token must be allowed, what was never tried live. */
  readonly guide: {
    readonly token: string;
    readonly access: string;
    readonly limits: readonly string[];
    readonly unverified: readonly string[];
  };
  /** Returns the segments of the log, oldest first. Several are walked at once; rows come out segment by segment. */
  readonly segments: (session: Session) => AsyncIterable<Segment> | Iterable<Segment>;
  /** The rate that the vendor's document allows on its own hosts; left out where the document names none. */
  readonly rate?: Rate;
  /**
   * Sources of the columns of the `common` table. A column without a source stays empty, and `outcome` is `unknown`.
   */
  readonly common: Readonly<Partial<Record<CommonName, CommonSource>>> & { readonly action: CommonSource };
}
