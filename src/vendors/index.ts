import { aitronos } from './aitronos.ts';
import { codacy } from './codacy.ts';
import type { Vendor } from './contract.ts';
import { datafold } from './datafold.ts';
import { infisical } from './infisical.ts';
import { kosli } from './kosli.ts';

/** The registry: every vendor, by id. */
export const vendors: ReadonlyMap<string, Vendor> = new Map(
  [kosli, infisical, datafold, aitronos, codacy].map((vendor) => [vendor.id, vendor]),
);
