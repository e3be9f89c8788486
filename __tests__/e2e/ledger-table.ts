/** Expected table of a complete native export of the sandbox's events, worked out from the ledger alone. */

import { inWindow, jsonOf, type LedgerEvent, type VendorId } from '../../sandbox/ledger.ts';
import { AITRONOS_HEADER } from '../../sandbox/vendors/aitronos.ts';
import { codacyWire } from '../../sandbox/vendors/codacy.ts';
import { KOSLI_ENVIRONMENTS, kosliCells, kosliHeader } from '../../sandbox/vendors/kosli.ts';

type Fields = Readonly<Record<string, unknown>>;
type Window = { readonly from: number; readonly to: number };

const INFISICAL =
  'id ipAddress userAgent userAgentType expiresAt createdAt updatedAt orgId projectId projectName event.type event.metadata actor.type actor.metadata extra';
const DATAFOLD =
  'action client_ip event_uuid is_support_user log_entry object_id object_type payload referer request_type source status timestamp url user_agent user_email user_id extra';
const CODACY =
  'actor actor.email actor.role action timestamp result source repositoryName description entityId details requestDetails extra';

/** The header and the rows, in the documented order: oldest first, ties by id, or as the vendor gives them. */
export function tableOf(
  id: VendorId,
  events: readonly LedgerEvent[],
  window: Window,
  codacyShape: 'data' | 'array' = 'data',
): string[][] {
  const inside = inWindow(events, window);
  switch (id) {
    case 'kosli':
      return [
        ['environment', ...kosliHeader('float')],
        ...KOSLI_ENVIRONMENTS.filter(listed).flatMap(kosliRows(inside)),
      ];
    case 'infisical':
      return cellsBy(INFISICAL, sortedBy('id', inside));
    case 'datafold':
      return cellsBy(DATAFOLD, sortedBy('event_uuid', inside));
    case 'aitronos':
      return [[...AITRONOS_HEADER], ...asArrived(inside).map((event) => AITRONOS_HEADER.map(cellOf(event.fields)))];
    case 'codacy': {
      const details = codacyShape === 'data' ? 'string' : 'object';
      return cellsBy(
        CODACY,
        asArrived(inside).map((event) => codacyWire(event, codacyShape, details)),
      );
    }
  }
}

/** Environments that are physical and not archived: those that Kosli lists and an export reads. */
const listed = ({ type, archived }: (typeof KOSLI_ENVIRONMENTS)[number]) => type !== 'logical' && !archived;

/** Order of events, newest first, as the sandbox gives them and an export keeps them. */
const kosliRows = (events: readonly LedgerEvent[]) => (environment: { readonly name: string }) =>
  events
    .filter(({ hidden }) => hidden['environment'] === environment.name)
    .reverse()
    .map((event) => [environment.name, ...kosliCells(event, 'float')]);

/** Order of events, oldest first, but ties newest first, as the sandbox gives them. */
const asArrived = (events: readonly LedgerEvent[]) => [...events].reverse().sort((a, b) => a.time - b.time);

const sortedBy = (id: string, events: readonly LedgerEvent[]): Fields[] =>
  [...events]
    .sort((a, b) => a.time - b.time || (String(a.fields[id]) < String(b.fields[id]) ? -1 : 1))
    .map(({ fields }) => fields);

function cellsBy(columns: string, rows: readonly Fields[]): string[][] {
  const names = columns.split(' ');
  return [names, ...rows.map((fields) => names.map(cellOf(fields)))];
}

/** `actor.email` is the field `email` of the object `actor`; an object that has such columns has none of its own. */
const cellOf =
  (fields: Fields) =>
  (name: string): string => {
    const [head = '', sub] = name.split('.');
    const value = Object.hasOwn(fields, head) ? fields[head] : undefined;
    if (sub !== undefined) return isObject(value) ? textOf(value[sub]) : '';
    return name === 'actor' && isObject(value) ? '' : textOf(value);
  };

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : jsonOf(value);
}
