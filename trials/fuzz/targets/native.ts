/** The native table of JSON vendors: what an event's row holds, the event can be made of again. */

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { isObject, type JsonObject, readJson, text } from '../../../src/json/values.ts';
import { EXTRA_COLUMN, nativeRow } from '../../../src/table/native-columns.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { insist, target } from '../target.ts';

const NAMES = ['actor', 'event', 'email', 'type', 'a', '__proto__', 'constructor', 'extra', '0', '', 'actor.email'];

/** Some columns: `actor`, `actor.email`, both, or those of a vendor. */
const columns = fc.oneof(
  fc.uniqueArray(
    fc.oneof(
      fc.constantFrom(...NAMES.filter((name) => name !== 'extra')),
      fc
        .tuple(fc.constantFrom('actor', 'event', '__proto__', 'a'), fc.constantFrom(...NAMES))
        .map((two) => two.join('.')),
    ),
    { maxLength: 6 },
  ),
  fc.constantFrom(...[...vendors.values()].map(({ columns: own }) => (own ?? []).map(({ name }) => name))),
);

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('', null, {}, [], '{}', '\ud800', { toString: 1 }),
);
const object = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 4 }).map(Object.fromEntries);
const event = columns.chain((names) => {
  const heads = [...new Set([...NAMES, ...names.map((name) => name.replace(/\..*/s, ''))])];
  const fields = fc.array(fc.tuple(fc.constantFrom(...heads), fc.oneof(value, object)), { maxLength: 8 });
  return fc.record({ names: fc.constant(names), fields: fields.map(Object.fromEntries) });
});

export const native = target({
  name: 'native',
  holds: 'the cells of a native row and its `extra` hold all that the event does',
  runs: 12_000,
  sample: 1_000,
  inputs: event,
  check({ names, fields }) {
    // As it comes over the wire: numbers that JavaScript would change come digit for digit.
    const read = readJson({ body: Buffer.from(JSON.stringify(fields)), where: 'GET /json' }) as JsonObject;
    const cells = nativeRow(names.map((name) => ({ name, meaning: '' })))(read);
    const row = [...names, EXTRA_COLUMN.name].map((name, index): [string, string] => [name, cells[index] ?? '']);
    const again = rebuilt(row);
    insist(
      isDeepStrictEqual(flat(again, names), flat(read, names)),
      'the row does not hold the event',
      names,
      fields,
      row,
    );
    return 'taken';
  },
});

/** What a reader of the table can say of the event: what `extra` holds, and in its place the text of each cell. */
function rebuilt(row: readonly (readonly [string, string])[]): JsonObject {
  const extra = row.at(-1)?.[1] ?? '';
  const left: [string, unknown][] = extra === '' ? [] : Object.entries(JSON.parse(extra) as JsonObject);
  const fields = new Map(left);
  for (const [name, cell] of row.slice(0, -1)) {
    if (cell === '') continue;
    const [head, sub] = split(name);
    if (sub === null) {
      insist(!fields.has(head), 'a cell is in its column and in `extra`', name);
      fields.set(head, cell);
    } else {
      const within = fields.get(head) ?? {};
      insist(isObject(within), 'a cell is beside a value that is no object', name);
      fields.set(head, Object.fromEntries([...Object.entries(within), [sub, cell]]));
    }
  }
  return Object.fromEntries(fields);
}

const split = (name: string): [string, string | null] => {
  const [head = '', ...rest] = name.split('.');
  return [head, rest.length === 0 ? null : rest.join('.')];
};

/**
 * An event in the words of a table: each value that a column holds as its text, and none where that is empty, since a
 * cell knows no difference between null, an empty text and nothing.
 */
function flat(fields: JsonObject, names: readonly string[]): unknown {
  const columns = new Set(names);
  const subs = new Set(names.map(split).flatMap(([head, sub]) => (sub === null ? [] : [head])));
  const entries: [string, unknown][] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (subs.has(name) && isObject(value)) {
      const inner = Object.entries(value).map(([sub, one]): [string, unknown] =>
        columns.has(`${name}.${sub}`) ? [sub, text(one)] : [sub, one],
      );
      const kept = inner.filter(([sub, one]) => one !== '' || !columns.has(`${name}.${sub}`));
      if (kept.length > 0) entries.push([name, sorted(kept)]);
    } else if (columns.has(name) && !name.includes('.')) {
      if (text(value) !== '') entries.push([name, text(value)]);
    } else if (subs.has(name)) {
      if (value !== null) entries.push([name, value]);
    } else {
      entries.push([name, value]);
    }
  }
  return JSON.stringify(sorted(entries));
}

const sorted = (entries: readonly [string, unknown][]): JsonObject =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
