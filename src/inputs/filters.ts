import { suggestion } from '../base/did-you-mean.ts';
import { ExportError } from '../base/errors.ts';
import type { Filter, Query, Vendor } from '../vendors/contract.ts';

/**
 * Reads the `filters` input: lines of `name: value`, by the vendor's own parameter names; empty lines and lines that
 * begin with `#` are left out. Throws `input`, with the line and what is allowed.
 */
export function parseFilters(text: string, vendor: Vendor): Query['filters'] {
  const found = new Map<string, readonly string[]>();
  const lineOf = new Map<string, number>();
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const at = index + 1;
    const [name, value] = splitLine(line, at, vendor);
    if (found.has(name)) {
      throw filterError(at, `\`${name}\` stands here a second time.`, 'Write all its values in one line, with commas.');
    }
    found.set(name, readValues(filterOf(name, at, vendor), value, at));
    lineOf.set(name, at);
  }
  for (const { name, needs } of vendor.filters) {
    const at = lineOf.get(name);
    if (at === undefined || needs === undefined || found.has(needs)) continue;
    const what = `\`${name}\` needs \`${needs}\`, without which ${vendor.name} ignores it.`;
    throw filterError(at, what, `Add a line \`${needs}: …\`.`);
  }
  return found;
}

function splitLine(line: string, at: number, vendor: Vendor): [name: string, value: string] {
  const colon = line.indexOf(':');
  if (colon < 0) throw filterError(at, `\`${line.trim()}\` is not \`name: value\`.`, allowed(vendor));
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

function filterOf(name: string, at: number, vendor: Vendor): Filter {
  const filter = vendor.filters.find((candidate) => candidate.name === name);
  if (filter) return filter;
  const names = vendor.filters.map((candidate) => candidate.name);
  throw filterError(at, `\`${name}\` is not a filter of ${vendor.name}${suggestion(name, names)}`, allowed(vendor));
}

function readValues({ name, list, values, grammar }: Filter, text: string, at: number): readonly string[] {
  const given = list ? text.split(',').map((value) => value.trim()) : [text];
  for (const value of given) {
    if (value === '') {
      throw filterError(at, `\`${name}\` has an empty value.`, `Write \`${name}: value\`, or leave the line out.`);
    }
    if (values && !values.includes(value)) {
      const what = `\`${value}\` is not a value of \`${name}\`${suggestion(value, values)}`;
      throw filterError(at, what, `Allowed: ${values.join(', ')}.`);
    }
    if (grammar && !grammar.pattern.test(value)) {
      throw filterError(at, `\`${value}\` is not a value of \`${name}\`.`, `Write it as ${grammar.form}.`);
    }
  }
  return given;
}

const allowed = ({ name, filters }: Vendor): string =>
  filters.length === 0
    ? `${name} documents no filters: leave \`filters\` out.`
    : `Filters of ${name}: ${filters.map((filter) => filter.name).join(', ')}.`;

const filterError = (line: number, what: string, next: string): ExportError =>
  new ExportError('input', what, { where: `input \`filters\`, line ${line}`, next });
