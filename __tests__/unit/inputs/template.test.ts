import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import { fill, fillPath, matcher, parseTemplate, staticPrefix, type Template } from '../../../src/inputs/template.ts';

const PLACEHOLDERS = ['vendor', 'org', 'year', 'month', 'day', 'export'];
const PATH = 'audit-logs/{vendor}/{org}/{year}/{month}/{export}';
const VALUES = { vendor: 'kosli', org: 'acme', year: '2026', month: '11', export: 'kosli-acme-20261101' };

const parse = (text: string): Template => parseTemplate(text, 'it', PLACEHOLDERS);

/** The `input` error that some text is refused with. */
function refusal(text: string): ExportError {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    expect(error).toMatchObject({
      kind: 'input',
      where: 'input `it`',
      next: 'Placeholders: {vendor}, {org}, {year}, {month}, {day}, {export}. Braces have no other meaning.',
    });
    return error;
  }
  throw new Error('was not refused');
}

describe('parseTemplate', () => {
  test('a text with placeholders: returns its parts', () => {
    expect(parse('a/{vendor}{org}-x/{vendor}')).toEqual([
      'a/',
      { placeholder: 'vendor' },
      { placeholder: 'org' },
      '-x/',
      { placeholder: 'vendor' },
    ]);
    expect(parse('no $more\n')).toEqual(['no $more\n']);
    expect(parse('')).toEqual([]);
  });

  test.each([
    ['logs/{vendr}/x', '`{vendr}` in `logs/{vendr}/x` is not a placeholder; did you mean `vendor`?'],
    ['{Vendor}', '`{Vendor}` in `{Vendor}` is not a placeholder; did you mean `vendor`?'],
    ['{ org }', '`{ org }` in `{ org }` is not a placeholder; did you mean `org`?'],
    ['{something}', '`{something}` in `{something}` is not a placeholder.'],
    ['{constructor}', '`{constructor}` in `{constructor}` is not a placeholder.'],
    ['{}', '`{}` in `{}` is not a placeholder.'],
    ['a{', '`a{` has a `{` without its other half.'],
    ['a}b', '`a}b` has a `}` without its other half.'],
    ['{vendor', '`{vendor` has a `{` without its other half.'],
    ['{{vendor}}', '`{{vendor}}` has a `{` without its other half.'],
    ['{vendor}}', '`{vendor}}` has a `}` without its other half.'],
  ])('refuses %j', (text, message) => {
    expect(refusal(text).message).toBe(message);
  });

  test('any text: is split without loss, or throws', () => {
    const part = fc.constantFrom('{vendor}', '{org}', '{', '}', 'a', '/', '$&', '\n', '日');
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const text = parts.join('');
        if (/[{}]/.test(text.replaceAll(/\{(?:vendor|org)\}/g, ''))) refusal(text);
        else expect(fill(parse(text), { vendor: '{vendor}', org: '{org}' })).toBe(text);
      }),
    );
  });
});

describe('fill', () => {
  test('values with special characters: are inserted unchanged', () => {
    expect(fill(parse('Export {vendor} of {year}: $& {vendor}'), { vendor: '{year}$1', year: '' })).toBe(
      'Export {year}$1 of : $& {year}$1',
    );
  });

  test('a missing value: throws a bug', () => {
    expect(() => fill(parse('{vendor}'), {})).toThrow(new TypeError('Nothing is given for {vendor}'));
    expect(() => fill([{ placeholder: 'constructor' }], {})).toThrow(TypeError);
    expect(() => fillPath(parse('a/{vendor}'), {})).toThrow(TypeError);
  });
});

describe('fillPath', () => {
  test.each([
    [PATH, 'acme', 'audit-logs/kosli/acme/2026/11/kosli-acme-20261101'],
    [PATH, '', 'audit-logs/kosli/2026/11/kosli-acme-20261101'],
    ['{org}/{vendor}', '', 'kosli'],
    ['{vendor}/{org}{org}', '', 'kosli'],
    ['{vendor}/of-{org}', '', 'kosli/of-'],
    ['{vendor}{org}/x', '', 'kosli/x'],
    ['{org}', '', ''],
  ])('%s for the organisation %j: is filled', (text, org, path) => {
    expect(fillPath(parse(text), { ...VALUES, org })).toBe(path);
  });

  test('doubled slashes of the text itself: stay', () => {
    expect(fillPath(parse('/a//{org}/'), { org: '' })).toBe('/a//');
  });
});

describe('matcher', () => {
  const patterns = { year: '\\d{4}', month: '\\d\\d', export: '[\\w.-]+' };

  test('a template with known values: matches the exports of that vendor and organisation', () => {
    const found = matcher(parse(PATH), { vendor: 'kosli', org: 'ac.me' }, patterns);
    expect({ ...found.exec('audit-logs/kosli/ac.me/2026/11/x-1')?.groups }).toEqual({
      year: '2026',
      month: '11',
      export: 'x-1',
    });
    expect(found.test('audit-logs/kosli/ac-me/2026/11/x-1')).toBe(false);
    expect(found.test('audit-logs/kosli/ac.me/2026/11/x-1/y')).toBe(false);
    expect(found.test('x/audit-logs/kosli/ac.me/2026/11/x-1')).toBe(false);
    expect(found.test('audit-logs/kosli/ac.me/2026/11/x-1\n')).toBe(false);
    expect(found.test('audit-logs/kosli/2026/11/x-1')).toBe(false);
    expect(matcher(parse(PATH), { vendor: 'kosli', org: '' }, patterns).source).toBe(
      '^audit-logs\\/kosli\\/(?<year>\\d{4})\\/(?<month>\\d\\d)\\/(?<export>[\\w.-]+)$',
    );
  });

  test('a repeated placeholder: must have one value', () => {
    const found = matcher(parse('{year}/{year}-{month}1'), {}, { year: '\\d{4}', month: '0|1' });
    expect({ ...found.exec('2026/2026-01')?.groups }).toEqual({ year: '2026', month: '0' });
    expect(found.test('2026/2027-01')).toBe(false);
    expect(found.test('2026/2026-0')).toBe(false);
  });

  test('a missing or empty pattern: throws a bug', () => {
    expect(() => matcher(parse('{day}'), {}, patterns)).toThrow(new TypeError('Nothing is given for {day}'));
    expect(() => matcher(parse('{org}'), {}, { org: '[a-z]*' })).toThrow(
      new TypeError('The pattern of {org} may be empty'),
    );
  });
});

describe('staticPrefix', () => {
  test.each<[string, Record<string, string>, string[]]>([
    [PATH, { vendor: 'kosli', org: 'acme' }, ['audit-logs', 'kosli', 'acme']],
    [PATH, { vendor: 'kosli', org: '' }, ['audit-logs', 'kosli']],
    [PATH, {}, ['audit-logs']],
    [PATH, VALUES, ['audit-logs', 'kosli', 'acme', '2026', '11']],
    ['{year}/a/b', {}, []],
    ['a/x-{year}/b/c', {}, ['a']],
    ['a/b/{org}', { org: '' }, ['a']],
    ['{org}/{vendor}/x', { org: 'a/b', vendor: 'c' }, ['a', 'b', 'c']],
    ['a', {}, []],
    ['{org}', { org: '' }, []],
    ['', {}, []],
  ])('%s, knowing %j: returns %j', (text, known, prefix) => {
    expect(staticPrefix(parse(text), known)).toEqual(prefix);
  });
});

describe('any template and values', () => {
  /** Values of one length each, so that a path shows without doubt which value is whose. */
  const patterns = { year: '\\d{4}', month: '\\d\\d', day: '[0-3][0-9]', export: '[a-z.-]{5}' };
  const digits = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length });
  const nasty = fc.constantFrom(...'ab19-_.^$*+?()[]|\\ \u00e9日\u{1f9fe}');
  const values = fc.record({
    vendor: fc.string({ unit: nasty, maxLength: 4 }),
    org: fc.oneof(fc.constant(''), fc.string({ unit: nasty, maxLength: 4 })),
    year: digits(4),
    month: digits(2),
    day: fc.integer({ min: 0, max: 39 }).map((day) => String(day).padStart(2, '0')),
    export: fc.string({ unit: fc.constantFrom(...'az.-'), minLength: 5, maxLength: 5 }),
  });
  const part = fc.oneof(
    fc.constantFrom(...PLACEHOLDERS.map((one) => `{${one}}`)),
    fc.constant('/'),
    fc.string({ unit: nasty, minLength: 1, maxLength: 4 }),
  );
  const template = fc.array(part, { maxLength: 12 }).map((parts) => parse(parts.join('')));

  const namesIn = (parts: Template): string[] =>
    parts.flatMap((one) => (typeof one === 'string' ? [] : [one.placeholder]));
  const known = ({ vendor, org }: { vendor: string; org: string }) => ({ vendor, org });

  test('matcher: matches the filled path, and returns its values', () => {
    fc.assert(
      fc.property(template, values, (parts, given) => {
        const groups = matcher(parts, known(given), patterns).exec(fillPath(parts, given))?.groups;
        const unknown = Object.entries(given).filter(([name]) => name in patterns && namesIn(parts).includes(name));
        expect({ ...groups }).toEqual(Object.fromEntries(unknown));
      }),
      { numRuns: 500 },
    );
  });

  test('matcher: does not match another literal', () => {
    const differing = template
      .filter((parts) => parts.some((one) => typeof one === 'string'))
      .chain((parts) => fc.tuple(fc.constant(parts), fc.constantFrom(...parts.keys()), fc.nat(), nasty))
      .filter(([parts, at]) => typeof parts[at] === 'string')
      .map(([parts, at, where, other]): [Template, Template] => {
        const characters = [...String(parts[at])];
        const place = where % characters.length;
        const changed = characters.with(place, characters[place] === other ? 'X' : other).join('');
        return [parts, parts.with(at, changed)];
      });
    fc.assert(
      fc.property(differing, values, ([parts, changed], given) => {
        const path = fillPath(changed, given);
        fc.pre(path !== fillPath(parts, given));
        expect(matcher(parts, known(given), patterns).test(path)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('matcher: matches only paths of the template', () => {
    const loose = { year: '\\d+', month: '\\d+', day: '\\d+', export: '[^/]+' };
    const change = fc.tuple(fc.nat(), fc.nat({ max: 2 }), fc.constantFrom('', '0', '11', '/', '-', 'a'));
    fc.assert(
      fc.property(template, values, fc.array(change, { maxLength: 2 }), (parts, given, changes) => {
        const path = changes.reduce(
          (text, [at, less, more]) => {
            const place = at % (text.length + 1);
            return text.slice(0, place) + more + text.slice(place + less);
          },
          fillPath(parts, given),
        );
        const match = matcher(parts, known(given), loose).exec(path);
        if (changes.length === 0) expect(match).not.toBeNull();
        if (match) expect(fillPath(parts, { ...known(given), ...match.groups })).toBe(path);
      }),
      { numRuns: 1_000 },
    );
  });

  test('staticPrefix: is a proper prefix of the path, whatever values are unknown', () => {
    fc.assert(
      fc.property(template, values, values, (parts, given, others) => {
        const prefix = staticPrefix(parts, known(given));
        for (const path of [fillPath(parts, given), fillPath(parts, { ...others, ...known(given) })]) {
          const segments = path.split('/');
          expect(segments.slice(0, prefix.length)).toEqual(prefix);
          expect(segments.length).toBeGreaterThan(prefix.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
