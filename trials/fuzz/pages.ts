/** What a vendor's file makes of answers, without the rooms that walk it. */

import type { Page, Session, Vendor } from '../../src/vendors/contract.ts';

/** The pages of all stretches, walked one after the other; also those that are taken back later. */
export async function* pagesOf(vendor: Vendor, session: Session): AsyncGenerator<Page> {
  for await (const stretch of vendor.segments(session)) {
    for await (const page of stretch(() => false)) if ('events' in page) yield page;
  }
}
