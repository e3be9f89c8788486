import { afterEach, expect } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { type LedgerEvent, makeLedger, type VendorId } from '../../sandbox/ledger.ts';
import type { SandboxRequest, SandboxServer } from '../../sandbox/server.ts';
import { type OptionsByVendor, startVendor } from '../../sandbox/vendors/index.ts';
import { tableOf } from '../e2e/ledger-table.ts';
import { exportOf, type Run, run } from './run.ts';

export const TOKEN = 'sandbox-token-5f2c';
export const DAY_MS = 86_400_000;
/** A week that ends two weeks before "now". */
export const WEEK = { from: Date.UTC(2026, 10, 2), to: Date.UTC(2026, 10, 9) };

/** The organisations that the servers know by default. */
const ORGS: Readonly<Record<VendorId, string>> = {
  kosli: 'acme',
  infisical: '',
  datafold: '',
  aitronos: 'org_sandbox',
  codacy: 'acme',
};

export interface Span {
  readonly from: number;
  readonly to: number;
}

const open: SandboxServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** Starts a vendor that holds these events. */
export async function serve<Id extends VendorId>(
  id: Id,
  events: readonly LedgerEvent[],
  options: Partial<OptionsByVendor[Id]> = {},
): Promise<SandboxServer> {
  const server = await startVendor(id, { events, token: TOKEN, ...options } as OptionsByVendor[Id]);
  open.push(server);
  return server;
}

/** Exports a window of a sandbox vendor through `main`; `filters` as the input has them. */
export function exportFrom(
  id: VendorId,
  { origin }: Pick<SandboxServer, 'origin'>,
  window: Span = WEEK,
  inputs: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const [from, to] = [window.from, window.to].map((ms) => new Date(ms).toISOString()) as [string, string];
  const credentials = 'client-id' in inputs || 'identity-id' in inputs ? {} : { token: TOKEN };
  const given = { vendor: id, org: ORGS[id], 'base-url': origin, from, to, ...credentials, ...inputs };
  return run({ inputs: given, ...(!('token' in given) && { secrets: [TOKEN] }) });
}

type Table = readonly (readonly string[])[];

/** The last CSVs that were read, and what they hold: many a test exports the same bytes in another way. */
const read: { readonly csv: Buffer; readonly rows: Table }[] = [];

/** The rows of a run's CSV, header first. */
export function rowsOf(done: Run): Table {
  const { csv } = exportOf(done);
  const known = read.find((one) => one.csv.equals(csv));
  const rows = known?.rows ?? (parse(csv) as string[][]);
  if (!known) read.splice(0, read.length, { csv, rows }, ...read.slice(0, 1));
  return rows;
}

const expected = new WeakMap<readonly LedgerEvent[], Map<string, Table>>();

/** The rows that a complete export of these events has, header first; worked out once. */
export function expectedOf(
  id: VendorId,
  events: readonly LedgerEvent[],
  window: Span = WEEK,
  shape?: 'data' | 'array',
): Table {
  const tables = expected.get(events) ?? new Map<string, Table>();
  expected.set(events, tables);
  const key = JSON.stringify([id, window.from, window.to, shape]);
  const table = tables.get(key) ?? tableOf(id, events, window, shape);
  tables.set(key, table);
  return table;
}

/** Compares row by row, so that a difference is one row and not ten thousand. */
export function expectRows(actual: Table, expected: Table): void {
  const differs = (row: readonly string[], index: number) => {
    const other = actual[index];
    return row.length !== other?.length || row.some((cell, column) => cell !== other[column]);
  };
  const at = expected.findIndex(differs);
  if (at >= 0) expect({ row: at, cells: actual[at] }).toEqual({ row: at, cells: expected[at] });
  expect(actual).toHaveLength(expected.length);
}

/** The values of one parameter in the requests, in order; undefined where a request has none. */
export const asked = (requests: readonly SandboxRequest[], name: string): (string | undefined)[] =>
  requests.map(({ query }) => query.find(([given]) => given === name)?.[1]);

/** A ledger of one vendor in a window, `seed` 11. */
export const ledgerOf = (vendor: VendorId, events: number, window: Span = WEEK, more: { burst?: number } = {}) =>
  makeLedger({ vendor, seed: 11, events, window, outside: 12, ...more });
