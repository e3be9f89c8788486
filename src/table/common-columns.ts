import { encodeRow } from '../csv/encode.ts';
import type { RowBuffer } from '../csv/row-buffer.ts';
import { formatInstant } from '../time/instant.ts';
import type { CommonName, CommonSource, NativeColumn, Vendor, VendorEvent } from '../vendors/contract.ts';

type Timed = Pick<VendorEvent, 'time' | 'id'>;

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

/** The native cells of the event at hand, by their places. */
export interface NativeCells {
  /** One as text; empty where there is none, as at -1. */
  readonly text: (column: number) => string;
  /** Writes one at a place of the row that has begun, and gives the place behind it; of an empty one, nothing. */
  readonly write: (column: number, rows: RowBuffer, at: number) => number;
}

/** What a column of the `common` table holds. */
type Filling =
  | { readonly kind: 'same'; readonly text: string }
  | { readonly kind: 'time' | 'id' }
  /** The first of these cells that is not empty. */
  | { readonly kind: 'native'; readonly columns: readonly number[] }
  | { readonly kind: 'made'; readonly columns: readonly number[]; readonly cell: (...cells: string[]) => string };

const EMPTY: Filling = { kind: 'same', text: '' };

/** What all these columns but `raw` hold, where the native ones have such names. */
function fillingsOf({ id, common }: Vendor, org: string, names: readonly string[]): readonly Filling[] {
  const places = (of: readonly string[]) => of.map((name) => names.indexOf(name));
  const firstOf = (...of: string[]): Filling => {
    const columns = places(of).filter((column) => column !== -1);
    return columns.length === 0 ? EMPTY : { kind: 'native', columns };
  };
  const fill = (source: CommonSource | undefined): Filling => {
    if (source === undefined) return EMPTY;
    if (typeof source === 'string') return firstOf(source);
    if ('firstOf' in source) return firstOf(...source.firstOf);
    return { kind: 'made', columns: places(source.of), cell: source.cell };
  };
  const alike = new Map<string, Filling>([
    ['time', { kind: 'time' }],
    ['vendor', { kind: 'same', text: id }],
    ['org', { kind: 'same', text: org }],
    ['id', { kind: 'id' }],
    ...(common.outcome === undefined ? [['outcome', { kind: 'same', text: 'unknown' }] as const] : []),
  ]);
  return COMMON_COLUMNS.slice(0, -1).map(({ name }) => alike.get(name) ?? fill(common[name as CommonName]));
}

/** Fills the columns of the `common` table but for `raw`. */
export class CommonCells {
  readonly #fillings: readonly Filling[];
  /** What differs from row to row, with what is the same in all of them before it, commas included. */
  readonly #steps: readonly { readonly before: Buffer; readonly filling: Filling }[];
  /** Behind the last of them. */
  readonly #last: Buffer;

  /** @param names of the native columns */
  constructor(vendor: Vendor, org: string, names: readonly string[]) {
    this.#fillings = fillingsOf(vendor, org, names);
    const steps: { before: Buffer; filling: Filling }[] = [];
    let before = '';
    for (const filling of this.#fillings) {
      if (filling.kind === 'same') {
        before += encodeRow([filling.text, '']).slice(0, -2);
      } else {
        steps.push({ before: Buffer.from(before), filling });
        before = ',';
      }
    }
    this.#steps = steps;
    this.#last = Buffer.from(before);
  }

  /** As texts, one for each column. */
  texts(event: Timed, cells: Pick<NativeCells, 'text'>): string[] {
    return this.#fillings.map((filling) => textOf(filling, event, cells));
  }

  /** Begins a row with them, a comma behind each, and gives the place behind the last. */
  write(event: Timed, cells: NativeCells, rows: RowBuffer): number {
    let at = rows.length;
    for (const { before, filling } of this.#steps) {
      at = rows.put(before, at);
      if (filling.kind === 'native') at = writeFirst(filling.columns, cells, rows, at);
      else if (filling.kind === 'time' && event.time !== null) at = rows.putInstant(event.time, at);
      else at = rows.putCell(textOf(filling, event, cells), at);
    }
    return rows.put(this.#last, at);
  }
}

function writeFirst(columns: readonly number[], cells: NativeCells, rows: RowBuffer, from: number): number {
  let at = from;
  for (let index = 0; at === from && index < columns.length; index++) {
    at = cells.write(columns[index] as number, rows, from);
  }
  return at;
}

function textOf(filling: Filling, { time, id }: Timed, cells: Pick<NativeCells, 'text'>): string {
  switch (filling.kind) {
    case 'same':
      return filling.text;
    case 'time':
      return time === null ? '' : formatInstant(time);
    case 'id':
      return id ?? '';
    case 'native':
      return filling.columns.reduce((found, column) => found || cells.text(column), '');
    case 'made':
      return filling.cell(...filling.columns.map((column) => cells.text(column)));
  }
}
