import type { Download, Fetch, Send } from '../http/call.ts';
import type { Rate } from '../http/rate-limiter.ts';
import type { ArrayLocation } from '../json/envelope.ts';
import type { JsonObject } from '../json/values.ts';
import type { Window } from '../time/window.ts';

/** Every noun of the project. Imports nothing but types. */

import type { CsvRow } from '../csv/csv-row.ts';

/** An event whose row of the table that is asked for is made already. */
export interface EncodedRow {
  /** The row's CSV, line end included, from `from` up to `to`, and other bytes around it. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** The vendor's own object, parsed anew each time. */
  readonly toJSON: () => JsonObject;
  /** The vendor's own object as `JSON.stringify` writes it. */
  readonly json: string;
}

/** The vendor's own object, and what the rooms need to know of it. */
export interface VendorEvent {
  /** Milliseconds since 1970 (a fraction keeps finer digits in order); null where the vendor gives no time. */
  readonly time: number | null;
  /** The vendor's id of the event; null where it gives none, and then nothing is ever de-duplicated. */
  readonly id: string | null;
  /** A JSON object, or one whose row is made already, or a CSV vendor's row, with cells in the header's order. */
  readonly body: JsonObject | EncodedRow | CsvRow;
}

/** Some events of one stretch. */
export interface Page {
  /** What the export may keep of these events; anything outside is cut. */
  readonly slice: Window;
  /** Named where what came may turn out not to be whole; compared by identity. */
  readonly provisional?: object;
  /** CSV vendors: the header of this page. Has to be the same for the whole export. */
  readonly header?: readonly string[];
  readonly events: readonly VendorEvent[];
}

/** Takes back what came under a draft: the answer was not whole. Other pages of the same time follow. */
export interface Retraction {
  readonly retracted: object;
}

/**
 * A part of the log that is walked on its own, while others are. In time order, no event of it is older than one of a
 * stretch before; pages come in any order.
 */
export type Segment = (handOver: SplitOff) => AsyncIterable<Page | Retraction>;

/** Gives away a part of the stretch at hand that comes before the rest; false where nobody is free to walk it. */
export type SplitOff = (part: Segment) => boolean;

/** The columns of the `common` table that a vendor fills; the others are filled for all alike. */
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

/** What fills such a column: the cell of one native column as it is, or what is made of the cells of some. */
export type CommonSource =
  | string
  /** The first of these cells that is not empty, as it is. */
  | { readonly firstOf: readonly string[] }
  | {
      readonly of: readonly string[];
      /** From their cells, in this order; an empty one is what the vendor did not say. */
      readonly cell: (...cells: string[]) => string;
    };

export type Columns = 'native' | 'common' | readonly string[];

/** What is asked of the vendor; fixed before the first request. */
export interface Query {
  readonly window: Window;
  /** The organisation as the vendor's path wants it; null where the token decides. */
  readonly org: string | null;
  /** Codacy's Git provider; null elsewhere. */
  readonly provider: string | null;
  /** By the vendor's parameter name; each has at least one value, single ones exactly one. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
}

/** How completeness was established, or where it ends; a function is asked when all stretches were walked. */
export type Note = string | (() => string);

/** What has to be known of a JSON vendor's events, in names of native columns: `event.type` is the field `type` of `event`. */
export interface EventShape {
  readonly columns: readonly NativeColumn[];
  /** Where the time is: a date-time. */
  readonly time: string;
  /** Where the id is, a string; null where events have none. */
  readonly id: string | null;
  /** Of each of these, one has to be a string. */
  readonly strings: readonly (readonly string[])[];
}

/**
 * The events of a JSON response, some at a time, all at once where the response is in memory; then what the response
 * holds beside them, null where it is an array itself. `read` makes an event of whatever is not as `shape` has it.
 * Throws what `read` throws, and `protocol`. Does not release the download.
 */
export type ReadEvents = (
  answer: Download,
  place: ArrayLocation,
  shape: EventShape,
  read: (element: unknown, where: string) => VendorEvent,
) => AsyncGenerator<readonly VendorEvent[], JsonObject | null>;

/** What a vendor is handed. */
export interface Session {
  readonly query: Query;
  readonly send: Send;
  /** For responses that may be larger than memory should be. */
  readonly download: Fetch;
  readonly events: ReadEvents;
  /** For the manifest and the summary. */
  readonly note: (note: Note) => void;
}

export interface Filter {
  readonly name: string;
  /** One line for the documentation. */
  readonly meaning: string;
  /** A comma-separated list is taken apart. */
  readonly list?: boolean;
  /** The closed list of values that the document names. */
  readonly values?: readonly string[];
  /** Another filter without which the vendor ignores this one in silence. */
  readonly needs?: string;
  /** A grammar beyond "not empty", with its accepted form in words. */
  readonly grammar?: { readonly pattern: RegExp; readonly form: string };
}

export interface NativeColumn {
  /** The field's name, or `object.field` one level deep. */
  readonly name: string;
  readonly meaning: string;
}

/** How a vendor's credentials are obtained and used. */
export interface Login {
  /** Exchanges stored or minted credentials for a token. */
  readonly exchange: (credentials: Credentials, send: Send) => Promise<string>;
  /** Whether a refused response says that the token, not the role, is the trouble. */
  readonly expired: (status: number, body: Buffer) => boolean;
}

export type Credentials =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'client'; readonly clientId: string; readonly clientSecret: string }
  | { readonly kind: 'identity'; readonly identityId: string; readonly mintIdToken: () => Promise<string> };

/** One vendor: what is data, and one generator that is behaviour. */
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
    /** Git providers that may stand before a slash; the first is the default. */
    readonly providers?: readonly string[];
  };
  readonly headers: (token: string) => Readonly<Record<string, string>>;
  readonly login?: Login;
  readonly filters: readonly Filter[];
  /** What its responses are. */
  readonly format: 'json' | 'csv';
  /** null: the response's own header, known when the first one arrives. */
  readonly columns: readonly NativeColumn[] | null;
  /** The native column that an event's id is in; null where the vendor gives none. */
  readonly idColumn: string | null;
  /** The native column that an event's time is in; null where no document says. */
  readonly timeColumn: string | null;
  /** Whether slices are put in time order, or stay in the vendor's. */
  readonly order: 'time' | 'vendor';
  /** How long the vendor keeps events, in milliseconds; null where no document says. */
  readonly retention: number | null;
  /** What "no events" may also mean; shown where a window is empty. */
  readonly emptyMayMean?: string;
  /** For people: where a token comes from, what it must be allowed, what was never tried live. */
  readonly guide: {
    readonly token: string;
    readonly access: string;
    readonly limits: readonly string[];
    readonly unverified: readonly string[];
  };
  /** Several are walked at once; the rows come out stretch by stretch. */
  readonly segments: (session: Session) => AsyncIterable<Segment> | Iterable<Segment>;
  /** What the vendor's document allows on its own hosts; left out where it names no rate. */
  readonly rate?: Rate;
  /** What fills the columns of the `common` table, by native columns; those that are left out stay empty, `outcome` is `unknown`. */
  readonly common: Readonly<Partial<Record<CommonName, CommonSource>>> & { readonly action: CommonSource };
}
