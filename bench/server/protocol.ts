/** What a vendor's protocol gives: a stretch of the log, in its envelope. */

import type { SandboxRequest } from '../../sandbox/server.ts';
import type { Store, Stretch } from './store.ts';

export interface Reply {
  readonly contentType: string;
  readonly before: string;
  readonly stretch: Stretch;
  readonly after: string;
  /** Events that a database would have had to skip. */
  readonly skipped: number;
}

/** Throws a `Refusal` where the vendor's document does not allow the request. */
export type Protocol = (request: SandboxRequest, store: Store) => Reply | Promise<Reply>;

export const NOTHING: Stretch = { first: 0, end: 0 };
