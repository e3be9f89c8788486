import { field, isObject, text } from '../read.ts';
import type { JsonObject, NativeColumn } from '../types.ts';

/** The last native column of JSON vendors. */
export const EXTRA_COLUMN: NativeColumn = {
  name: 'extra',
  meaning: 'All that the vendor sent and no other native column holds, as a JSON object; empty where nothing is left.',
};

/** Reads one cell of a vendor's JSON object. */
export type FieldCell = (fields: JsonObject) => string;

/** JSON vendors: the documented columns, then what they leave over. */
export function fieldCells(columns: readonly NativeColumn[]): Map<string, FieldCell> {
  const heads = headsOf(columns);
  const cells = columns.map(({ name }): [string, FieldCell] => {
    const [head, sub] = splitName(name);
    if (sub !== null) {
      return [
        name,
        (fields) => {
          const value = field(fields, head);
          return isObject(value) ? text(field(value, sub)) : '';
        },
      ];
    }
    const apart = (heads.get(head)?.subs.size ?? 0) > 0;
    return [
      name,
      (fields) => {
        const value = field(fields, head);
        return apart && isObject(value) ? '' : text(value);
      },
    ];
  });
  return new Map([...cells, [EXTRA_COLUMN.name, (fields) => extra(fields, heads)]]);
}

/** What the columns take of one top-level field: the field as a whole, some of its own fields, or both. */
interface Head {
  whole: boolean;
  readonly subs: Set<string>;
}

function headsOf(columns: readonly NativeColumn[]): ReadonlyMap<string, Head> {
  const heads = new Map<string, Head>();
  for (const { name } of columns) {
    const [first, sub] = splitName(name);
    const head = heads.get(first) ?? { whole: false, subs: new Set() };
    heads.set(first, head);
    if (sub === null) head.whole = true;
    else head.subs.add(sub);
  }
  return heads;
}

/** `actor.email` → `actor`, `email`; null where there is no dot. */
function splitName(name: string): [string, string | null] {
  const dot = name.indexOf('.');
  return dot === -1 ? [name, null] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** What no column holds, as JSON. `Object.fromEntries` keeps a field `__proto__` a field. */
function extra(fields: JsonObject, heads: ReadonlyMap<string, Head>): string {
  const left: [string, unknown][] = [];
  for (const [name, value] of Object.entries(fields)) {
    const head = heads.get(name);
    if (head === undefined) {
      left.push([name, value]);
    } else if (head.subs.size > 0 && isObject(value)) {
      const rest = Object.entries(value).filter(([sub]) => !head.subs.has(sub));
      if (rest.length > 0) left.push([name, Object.fromEntries(rest)]);
    } else if (!head.whole && value !== null) {
      left.push([name, value]);
    }
  }
  return left.length === 0 ? '' : JSON.stringify(Object.fromEntries(left));
}
