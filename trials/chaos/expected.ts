/** The rows that an export has to have, worked out from what the vendor sends, with none of the exporter's own code. */

import { jsonOf, type LedgerEvent, type VendorId } from '../../sandbox/ledger.ts';
import { AITRONOS_HEADER } from '../../sandbox/vendors/aitronos.ts';
import { codacyWire } from '../../sandbox/vendors/codacy.ts';
import { type KosliTime, kosliCells, kosliHeader } from '../../sandbox/vendors/kosli.ts';
import type { Setting } from '../year/setting.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Columns in documented order; `extra` holds what they leave over. */
const COLUMNS: Readonly<Record<'infisical' | 'datafold' | 'codacy', readonly string[]>> = {
  infisical:
    'id ipAddress userAgent userAgentType expiresAt createdAt updatedAt orgId projectId projectName event.type event.metadata actor.type actor.metadata extra'.split(
      ' ',
    ),
  datafold:
    'action client_ip event_uuid is_support_user log_entry object_id object_type payload referer request_type source status timestamp url user_agent user_email user_id extra'.split(
      ' ',
    ),
  codacy:
    'actor actor.email actor.role action timestamp result source repositoryName description entityId details requestDetails extra'.split(
      ' ',
    ),
};

export interface ExpectedTable {
  readonly header: readonly string[];
  readonly row: (event: LedgerEvent) => readonly string[];
}

/** The table of a setting; where its columns are not the vendor's own, the one of them that holds the whole event. */
export function expectedTable(
  { vendor, columns, server }: Setting,
  renamed: Readonly<Record<string, string>> = {},
): ExpectedTable {
  const raw = (text: (event: LedgerEvent) => string): ExpectedTable => ({
    header: ['raw'],
    row: (event) => [text(event)],
  });
  if (vendor === 'kosli' || vendor === 'aitronos') {
    const { header, row } = csvTable(vendor, (server['time'] as KosliTime | undefined) ?? 'float', renamed);
    if (columns === 'native') return { header, row };
    return raw((event) => JSON.stringify(Object.fromEntries(row(event).map((cell, index) => [header[index], cell]))));
  }
  const wireOf = (event: LedgerEvent): Fields => {
    if (vendor !== 'codacy') return event.fields;
    const shape = server['shape'] === 'array' ? 'array' : 'data';
    return definedIn(codacyWire(event, shape, shape === 'data' ? 'string' : 'object'));
  };
  if (columns !== 'native') return raw((event) => jsonOf(wireOf(event)));
  const names = COLUMNS[vendor];
  return { header: names, row: (event) => names.map((name) => cellOf(wireOf(event), name, names)) };
}

function csvTable(vendor: VendorId, time: KosliTime, renamed: Readonly<Record<string, string>>): ExpectedTable {
  if (vendor === 'aitronos') {
    return { header: AITRONOS_HEADER, row: ({ fields }) => AITRONOS_HEADER.map((name) => String(fields[name])) };
  }
  const header = kosliHeader(time).map((name) => (Object.hasOwn(renamed, name) ? (renamed[name] ?? name) : name));
  return {
    header: ['environment', ...header],
    row: (event) => [event.hidden['environment'] ?? '', ...kosliCells(event, time)],
  };
}

/** A cell by the rules of the README: `actor.email` is the field `email` of the object `actor`. */
function cellOf(wire: Fields, name: string, names: readonly string[]): string {
  if (name === 'extra') return extraOf(wire, names);
  const [head = '', sub] = name.split('.');
  const value = own(wire, head);
  if (sub !== undefined) return isObject(value) ? textOf(own(value, sub)) : '';
  return isObject(value) && names.some((other) => other.startsWith(`${name}.`)) ? '' : textOf(value);
}

/** The fields that no column holds; of an object that has columns of its own, those of its fields. */
function extraOf(wire: Fields, names: readonly string[]): string {
  const subs = (head: string) => names.filter((name) => name.startsWith(`${head}.`)).map((name) => name.split('.')[1]);
  const left = Object.entries(wire).flatMap(([name, value]): [string, unknown][] => {
    if (subs(name).length > 0 && isObject(value)) {
      const rest = Object.entries(value).filter(([sub]) => !subs(name).includes(sub));
      return rest.length === 0 ? [] : [[name, Object.fromEntries(rest)]];
    }
    return names.includes(name) && name !== 'extra' ? [] : [[name, value]];
  });
  return left.length === 0 ? '' : jsonOf(Object.fromEntries(left));
}

const own = (fields: Fields, name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);

/** JSON leaves out what is undefined. */
const definedIn = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const { isRawJSON } = JSON as unknown as { isRawJSON: (value: unknown) => boolean };
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value);

/** UTF-8 has no half of a surrogate pair: U+FFFD stands for one. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value.toWellFormed() : jsonOf(value);
}
