/** The audit logs that are exported: five vendors, of which Codacy documents two shapes. */

import type { VendorId } from '../sandbox/ledger.ts';

export type LogId = 'codacy' | 'codacy-array' | 'infisical' | 'datafold' | 'kosli' | 'aitronos';

export interface Log {
  readonly id: LogId;
  readonly vendor: VendorId;
  /** For people. */
  readonly name: string;
  /** How the vendor answers, in words. */
  readonly answers: string;
  readonly org: string;
  /** Inputs beside vendor, token, org, base-url and the window. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Length of the window that is exported, in days. */
  readonly days: number;
  /** The native column whose cells are all different: by it an output is found to be complete. */
  readonly key: string;
  readonly format: 'json' | 'csv';
}

const NONE = {};

export const LOGS: Readonly<Record<LogId, Log>> = {
  codacy: {
    id: 'codacy',
    vendor: 'codacy',
    name: 'Codacy',
    answers: 'JSON, pages of 1,000 by cursor',
    org: 'gh/acme',
    inputs: NONE,
    days: 30,
    key: 'requestDetails',
    format: 'json',
  },
  'codacy-array': {
    id: 'codacy-array',
    vendor: 'codacy',
    name: 'Codacy, bare array',
    answers: 'JSON, one array for whatever window is asked',
    org: 'gh/acme',
    inputs: NONE,
    days: 30,
    key: 'entityId',
    format: 'json',
  },
  infisical: {
    id: 'infisical',
    vendor: 'infisical',
    name: 'Infisical',
    answers: 'JSON, pages of 1,000 by offset, newest first',
    org: 'acme',
    inputs: NONE,
    days: 30,
    key: 'id',
    format: 'json',
  },
  datafold: {
    id: 'datafold',
    vendor: 'datafold',
    name: 'Datafold',
    answers: 'JSON, one response',
    org: 'acme',
    inputs: NONE,
    // A day, so that all events are in one response however the window is cut.
    days: 1,
    key: 'event_uuid',
    format: 'json',
  },
  kosli: {
    id: 'kosli',
    vendor: 'kosli',
    name: 'Kosli',
    answers: 'CSV, one response',
    org: 'acme',
    inputs: { filters: 'env_name: prod-k8s' },
    days: 30,
    key: 'sha256',
    format: 'csv',
  },
  aitronos: {
    id: 'aitronos',
    vendor: 'aitronos',
    name: 'Aitronos',
    answers: 'CSV, at most 10,000 rows a response',
    org: 'org_sandbox',
    inputs: NONE,
    days: 30,
    key: 'New Value',
    format: 'csv',
  },
};

export const TOKEN = 'sandbox-token-7f3a';
