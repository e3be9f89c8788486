/** Pages that a vendor's file makes of answers, without the rooms that walk the log. */

import type { Page, Session, Vendor } from '../../src/vendors/contract.ts';

/** Pages of all segments, walked one after the other, those that are retracted later included. */
export async function* pagesOf(vendor: Vendor, session: Session): AsyncGenerator<Page> {
  for await (const segment of vendor.segments(session)) {
    for await (const page of segment(() => false)) if ('events' in page) yield page;
  }
}
