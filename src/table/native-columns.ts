import { isObject, type JsonObject, text } from '../json/values.ts';
import type { NativeColumn } from '../vendors/contract.ts';

/** The last native column of JSON vendors. */
export const EXTRA_COLUMN: NativeColumn = {
  name: 'extra',
  meaning: 'All that the vendor sent and no other native column holds, as a JSON object; empty where nothing is left.',
};

/** Columns that hold one top-level field, whole or in part. */
export interface ColumnNode {
  /** Column of the field as a whole; null where there is none. */
  readonly whole: number | null;
  /** Columns of the field's own fields, by name; null where there are none. */
  readonly children: ReadonlyMap<string, number> | null;
}

/**
 * Returns a function from an event's fields to its native cells: the documented columns, then what they leave over. The
 * function reads each field once, whatever columns there are.
 */
export function nativeRow(columns: readonly NativeColumn[]): (fields: JsonObject) => string[] {
  const heads = columnTree(columns.map(({ name }) => name));
  const blank = [...columns.map(() => ''), ''];
  return (fields) => {
    const cells = blank.slice();
    let extra: [string, unknown][] | null = null;
    for (const name in fields) {
      const value = fields[name];
      const head = heads.get(name);
      let left: unknown;
      if (head === undefined) left = value;
      else if (head.children !== null && isObject(value)) left = takeSubs(value, head.children, cells);
      else if (head.whole !== null) cells[head.whole] = typeof value === 'string' ? value : text(value);
      else if (value !== null) left = value;
      if (left !== undefined) {
        extra ??= [];
        extra.push([name, left]);
      }
    }
    // `Object.fromEntries` keeps a field `__proto__` a field.
    if (extra !== null) cells[columns.length] = JSON.stringify(Object.fromEntries(extra));
    return cells;
  };
}

/**
 * Puts an object's fields into their cells; returns the fields that have no cell as an object, or undefined where
 * nothing is left.
 */
function takeSubs(object: JsonObject, children: ReadonlyMap<string, number>, cells: string[]): JsonObject | undefined {
  let left: [string, unknown][] | null = null;
  for (const name in object) {
    const value = object[name];
    const column = children.get(name);
    if (column !== undefined) {
      cells[column] = typeof value === 'string' ? value : text(value);
    } else {
      left ??= [];
      left.push([name, value]);
    }
  }
  return left === null ? undefined : Object.fromEntries(left);
}

/** Returns the columns by the top-level fields that they hold. */
export function columnTree(names: readonly string[]): ReadonlyMap<string, ColumnNode> {
  const heads = new Map<string, { whole: number | null; children: Map<string, number> | null }>();
  for (const [index, name] of names.entries()) {
    const [first, sub] = splitName(name);
    const head = heads.get(first) ?? { whole: null, children: null };
    heads.set(first, head);
    if (sub === null) {
      head.whole = index;
    } else {
      head.children ??= new Map();
      head.children.set(sub, index);
    }
  }
  return heads;
}

/** Splits `actor.email` into `actor` and `email`; the second is null where there is no dot. */
export function splitName(name: string): [string, string | null] {
  const dot = name.indexOf('.');
  return dot === -1 ? [name, null] : [name.slice(0, dot), name.slice(dot + 1)];
}
