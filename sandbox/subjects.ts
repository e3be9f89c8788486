/** Expected contents of an export, by vendor: the cells by which events of a ledger are found again in rows of the `native` table. */

import { KOSLI_COLUMNS, type LedgerEvent, type VendorId } from './ledger.ts';
import { AITRONOS_HEADER } from './vendors/aitronos.ts';
import { codacyWire } from './vendors/codacy.ts';
import { KOSLI_ENVIRONMENTS } from './vendors/kosli.ts';

/** Cells that stand for one event, in the ledger and in its row. */
export interface Subject {
  readonly org: string;
  /** The columns that are compared; together they tell events apart, or the events are alike. */
  readonly columns: readonly string[];
  /** An event's own values for these columns. Defaults to its fields of these names. */
  readonly values?: (event: LedgerEvent) => Readonly<Record<string, unknown>>;
  /** Which events an export of the whole organisation holds. Defaults to all. */
  readonly holds?: (event: LedgerEvent) => boolean;
}

const LISTED = new Set(
  KOSLI_ENVIRONMENTS.filter(({ type, archived }) => type !== 'logical' && !archived).map(({ name }) => name),
);

export const SUBJECTS: Readonly<Record<VendorId, Subject>> = {
  // Kosli does not list archived environments, so their events are exported only where they are named.
  kosli: { org: 'acme', columns: KOSLI_COLUMNS, holds: ({ hidden }) => LISTED.has(hidden['environment'] ?? '') },
  infisical: { org: 'acme', columns: ['id', 'createdAt', 'ipAddress', 'userAgent', 'projectName'] },
  datafold: { org: 'acme', columns: ['event_uuid', 'timestamp', 'url', 'log_entry', 'user_agent'] },
  aitronos: { org: 'org_sandbox', columns: AITRONOS_HEADER },
  codacy: {
    org: 'gh/acme',
    columns: ['actor', 'timestamp', 'action', 'result', 'source', 'repositoryName', 'requestDetails'],
    values: (event) => codacyWire(event, 'data', 'string'),
  },
};

/** Every event of the ledger has to have its row, as often as it happened, and no row may be without an event. */
export function compareRows(
  { columns, values = ({ fields }) => fields }: Subject,
  expected: readonly LedgerEvent[],
  records: readonly Readonly<Record<string, string>>[],
): string[] {
  const keyOf = (record: Readonly<Record<string, unknown>>) =>
    JSON.stringify(columns.map((column) => String(record[column] ?? '')));
  const left = new Map<string, number>();
  const count = (key: string, step: number) => left.set(key, (left.get(key) ?? 0) + step);
  for (const event of expected) count(keyOf(values(event)), 1);
  for (const record of records) count(keyOf(record), -1);
  const missing = [...left.values()].filter((balance) => balance > 0).reduce((sum, balance) => sum + balance, 0);
  const surplus = records.length - expected.length + missing;
  return [
    ...(missing === 0 ? [] : [`${missing} of ${expected.length} events have no row`]),
    ...(surplus === 0 ? [] : [`${surplus} of ${records.length} rows belong to no event`]),
  ];
}
