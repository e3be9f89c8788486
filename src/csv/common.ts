import type { CommonFields, NativeColumn, Vendor } from '../types.ts';
import { formatInstant } from '../window.ts';

/** The columns of the `common` table, in order, the same for every vendor. An empty cell: the vendor did not say. */
export const COMMON_COLUMNS: readonly NativeColumn[] = [
  { name: 'time', meaning: 'When it happened: RFC 3339, UTC.' },
  { name: 'vendor', meaning: "The vendor's id, as in the `vendor` input." },
  { name: 'org', meaning: 'The organisation, as in the `org` input.' },
  { name: 'id', meaning: "The vendor's id of the event." },
  { name: 'action', meaning: "What was done: the vendor's own verb, never translated." },
  { name: 'outcome', meaning: '`success`, `failure` or `unknown`.' },
  { name: 'actor_type', meaning: "What kind of actor did it, in the vendor's word." },
  { name: 'actor_id', meaning: "The vendor's id of the actor." },
  { name: 'actor_name', meaning: 'The name of the actor.' },
  { name: 'actor_email', meaning: 'The e-mail address of the actor.' },
  { name: 'target_type', meaning: "What kind of thing it was done to, in the vendor's word." },
  { name: 'target_id', meaning: "The vendor's id of the target." },
  { name: 'target_name', meaning: 'The name of the target.' },
  { name: 'source_ip', meaning: 'The IP address that the actor came from.' },
  { name: 'user_agent', meaning: 'The program that the actor used, as it names itself.' },
  { name: 'raw', meaning: 'The whole event as JSON; for CSV vendors an object of their cells by column.' },
];

/** The cells of all these columns but `raw`. */
export function commonCells(
  vendor: Vendor,
  org: string,
  time: number | null,
  id: string | null,
  common: CommonFields,
): string[] {
  return [
    time === null ? '' : formatInstant(time),
    vendor.id,
    org,
    id ?? '',
    common.action,
    common.outcome,
    common.actor_type ?? '',
    common.actor_id ?? '',
    common.actor_name ?? '',
    common.actor_email ?? '',
    common.target_type ?? '',
    common.target_id ?? '',
    common.target_name ?? '',
    common.source_ip ?? '',
    common.user_agent ?? '',
  ];
}
