/** Templates of paths and messages, any text; and the folders of exports that are found again by them. */

import fc from 'fast-check';
import { INSTANT_IN_NAME } from '../../../src/delivery/names.ts';
import { fill, fillPath, matcher, parseTemplate, staticPrefix } from '../../../src/inputs/template.ts';
import { compactInstant } from '../../../src/time/instant.ts';
import { textOf } from '../mutations.ts';
import { attempt, insist, target } from '../target.ts';

const NAMES = ['vendor', 'org', 'export', 'year', 'month', 'day', 'from', 'to'];
const PIECES = [
  ...NAMES.map((name) => `{${name}}`),
  '{',
  '}',
  '{}',
  '/',
  '//',
  '.',
  '-',
  'a',
  '1',
  '$&',
  '\\',
  '\n',
  '(',
  '+',
  '\ud800',
];

const time = fc.nat({ max: 4_000_000_000_000 });
const inputs = fc.record({
  text: fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .array(fc.constantFrom(...PIECES.filter((one) => !/^[{}]+$/.test(one))), { maxLength: 12 })
        .map((all) => all.join('')),
    },
    { weight: 1, arbitrary: textOf(PIECES) },
  ),
  org: fc.constantFrom('', 'acme', 'a.b-c', 'gh-acme'),
  from: time,
  to: time,
  other: textOf([...PIECES, '20261101T000000Z', '2026', '11', 'kosli', 'acme'], 8),
});

export const templates = target({
  name: 'templates',
  holds: 'a template is taken without loss or refused; the folders that it makes are found again, with their values',
  runs: 4_000,
  sample: 300,
  inputs,
  check({ text, org, from, to, other }) {
    const read = attempt(['input'], () => parseTemplate(text, 'commit-path', NAMES));
    if (!('value' in read)) {
      insist(read.where === 'input `commit-path`', 'the error does not say which input', read.where);
      insist(
        /[{}]/.test(text.replaceAll(/\{[a-z]+\}/g, (one) => (NAMES.includes(one.slice(1, -1)) ? '' : one))),
        'refused',
        text,
      );
      return 'refused';
    }
    const template = read.value;
    const asWritten = Object.fromEntries(NAMES.map((name) => [name, `{${name}}`]));
    insist(fill(template, asWritten) === text, 'taken with a loss', text);

    const known = { vendor: 'kosli', org };
    const name = `kosli-${compactInstant(from)}-${compactInstant(to)}`;
    const values = {
      ...{ ...known, export: name, year: '2026', month: '11', day: '01' },
      ...{ from: compactInstant(from), to: compactInstant(to) },
    };
    const patterns = {
      ...{
        from: INSTANT_IN_NAME,
        to: INSTANT_IN_NAME,
        year: String.raw`\d{4}`,
        month: String.raw`\d\d`,
        day: String.raw`\d\d`,
      },
      export: `kosli-${INSTANT_IN_NAME}-${INSTANT_IN_NAME}`,
    };
    const path = fillPath(template, values);
    insist(path === pathOf(text, values), 'another path', text, path);
    // Longer ones are refused where inputs are read.
    if (text.length > 1_000) return 'taken';
    const pattern = matcher(template, known, patterns);
    if (path !== '') {
      const groups = pattern.exec(path)?.groups ?? {};
      insist(pattern.test(path), 'a folder that is not found again', text, path, pattern.source);
      for (const [placeholder, value] of Object.entries(groups)) {
        insist(value === values[placeholder as keyof typeof values], 'found with another value', text, path, groups);
      }
      const prefix = staticPrefix(template, known);
      insist(
        path === prefix.join('/') || prefix.length === 0 || path.startsWith(`${prefix.join('/')}/`),
        'another prefix',
        path,
      );
    }
    // What it finds besides, it could have made.
    const found = pattern.exec(other)?.groups;
    if (found !== undefined)
      insist(fillPath(template, { ...values, ...found }) === other, 'found what it cannot make', other);
    return 'taken';
  },
});

/** The path in another way: from the text, part by part; those that are nothing but an empty organisation are left out. */
function pathOf(text: string, values: Readonly<Record<string, string>>): string {
  const parts = text.split('/').filter((part) => part === '' || values['org'] !== '' || !/^(?:\{org\})+$/.test(part));
  const filled = parts.map((part) => part.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => values[name] ?? ''));
  return filled.join('/');
}
