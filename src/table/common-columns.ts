import type { CommonName, CommonSource, NativeColumn, Vendor } from '../vendors/contract.ts';
import type { CellSource } from './row-cells.ts';

/** The columns of the `common` table, in order, for every vendor. An empty cell means that the vendor did not say. */
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

const EMPTY: CellSource = { kind: 'constant', text: '' };

/** Returns the sources of the columns of the `common` table, for native columns of these names. */
export function commonCells({ id, common }: Vendor, org: string, names: readonly string[]): readonly CellSource[] {
  const places = (of: readonly string[]) => of.map((name) => names.indexOf(name));
  const firstOf = (...of: string[]): CellSource => {
    const columns = places(of).filter((column) => column !== -1);
    return columns.length === 0 ? EMPTY : { kind: 'native', columns };
  };
  const fill = (source: CommonSource | undefined): CellSource => {
    if (source === undefined) return EMPTY;
    if (typeof source === 'string') return firstOf(source);
    if ('firstOf' in source) return firstOf(...source.firstOf);
    if ('json' in source) return { kind: 'picked', column: names.indexOf(source.json), pick: source.pick };
    return { kind: 'made', columns: places(source.of), cell: source.cell };
  };
  const alike = new Map<string, CellSource>([
    ['time', { kind: 'time' }],
    ['vendor', { kind: 'constant', text: id }],
    ['org', { kind: 'constant', text: org }],
    ['id', { kind: 'id' }],
    ['raw', { kind: 'raw' }],
    ...(common.outcome === undefined ? [['outcome', { kind: 'constant', text: 'unknown' }] as const] : []),
  ]);
  return COMMON_COLUMNS.map(({ name }) => alike.get(name) ?? fill(common[name as CommonName]));
}
