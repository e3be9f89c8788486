import { hashBytes } from '../base/digest.ts';
import type { Columns, Query, Vendor } from '../vendors/contract.ts';

/** The part of a request that says which events go into which columns, whenever they happened. */
export interface ScopedRequest {
  readonly vendor: Vendor;
  /** The input `org` as it was written; '' where it was left out. */
  readonly org: string;
  /** `https://host[:port]`, without a slash at its end. */
  readonly origin: string;
  /** The query to the vendor, without the window. */
  readonly query: Omit<Query, 'window'>;
  readonly columns: Columns;
}

/**
 * Returns the scope of a request: exports of one scope go on from each other. The scope is a digest (SHA-256, hex), since
 * it goes into manifests, to be compared. Filters are compared as sets, columns in their order.
 */
export function scopeOf({ vendor, org: named, origin, query, columns }: ScopedRequest): string {
  const filters = [...query.filters].map(([name, values]) => [name, [...values].sort()]).sort();
  const { org, provider } = query;
  return hashBytes(
    Buffer.from(JSON.stringify([vendor.id, new URL(origin).host, provider, org ?? named, filters, columns])),
  ).sha256;
}
