import { hashBytes } from '../base/digest.ts';
import type { Inputs } from '../inputs/inputs.ts';

/**
 * Which exports follow each other: those of the same vendor and host, organisation, filters and columns. As a digest
 * (SHA-256, hex), since it goes into manifests, to be compared. Filters are compared as sets, columns in their order.
 */
export function scopeOf({ vendor, org: named, origin, query, columns }: Inputs): string {
  const filters = [...query.filters].map(([name, values]) => [name, [...values].sort()]).sort();
  const { org, provider } = query;
  return hashBytes(
    Buffer.from(JSON.stringify([vendor.id, new URL(origin).host, provider, org ?? named, filters, columns])),
  ).sha256;
}
