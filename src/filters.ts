import { ExportError } from './errors.ts';
import { nearest } from './nearest.ts';
import type { Filter, Query, Vendor } from './types.ts';

/**
 * Reads the `filters` input: lines of `name: value`, by the vendor's own parameter names; empty lines and lines that
 * begin with `#` are left out. Throws `input` errors that name the line and what is allowed.
 */
export function parseFilters(text: string, vendor: Vendor): Query['filters'] {
  const found = new Map<string, readonly string[]>();
  const lineOf = new Map<string, number>();
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const at = index + 1;
    if (/^\s*(?:#|$)/.test(line)) continue;
    const colon = line.indexOf(':');
    if (colon < 0) throw refuse(at, line, 'is not `name: value`', allowed(vendor));
    const name = line.slice(0, colon).trim();
    const filter = vendor.filters.find((candidate) => candidate.name === name);
    if (!filter) throw refuse(at, name, unknownName(name, vendor), allowed(vendor));
    if (found.has(name))
      throw refuse(at, name, 'stands here a second time', 'Write all its values in one line, with commas.');
    found.set(name, readValues(filter, line.slice(colon + 1).trim(), at));
    lineOf.set(name, at);
  }
  for (const { name, needs } of vendor.filters) {
    if (!needs || !found.has(name) || found.has(needs)) continue;
    throw refuse(
      lineOf.get(name) ?? 0,
      name,
      `needs \`${needs}\`, without which ${vendor.name} ignores it`,
      `Add a line \`${needs}: …\`.`,
    );
  }
  return found;
}

function readValues(filter: Filter, text: string, at: number): readonly string[] {
  const values = filter.list ? text.split(',').map((value) => value.trim()) : [text];
  for (const value of values) {
    if (value === '')
      throw refuse(at, filter.name, 'has an empty value', `Write \`${filter.name}: value\`, or leave the line out.`);
    if (filter.values && !filter.values.includes(value)) {
      throw refuse(
        at,
        value,
        `is not a value of \`${filter.name}\`${suggest(value, filter.values)}`,
        `Allowed: ${filter.values.join(', ')}.`,
      );
    }
    if (filter.grammar && !filter.grammar.pattern.test(value)) {
      throw refuse(at, value, `is not a value of \`${filter.name}\``, `Write it as ${filter.grammar.form}.`);
    }
  }
  return values;
}

const unknownName = (name: string, vendor: Vendor): string =>
  `is not a filter of ${vendor.name}${suggest(
    name,
    vendor.filters.map((filter) => filter.name),
  )}`;

function suggest(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === null ? '' : `; did you mean \`${near}\`?`;
}

const allowed = ({ name, filters }: Vendor): string =>
  filters.length === 0
    ? `${name} documents no filters: leave \`filters\` out.`
    : `Filters of ${name}: ${filters.map((filter) => filter.name).join(', ')}.`;

const refuse = (at: number, value: string, what: string, next: string): ExportError =>
  new ExportError('input', `\`${value}\` ${what}.`.replace('?.', '?'), {
    where: `input \`filters\`, line ${at}`,
    next,
  });
