import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import { parseFilters } from '../../../src/inputs/filters.ts';
import type { Filter, Vendor } from '../../../src/vendors/contract.ts';
import { vendors } from '../../../src/vendors/index.ts';

function vendorOf(id: string): Vendor {
  const vendor = vendors.get(id);
  if (vendor === undefined) throw new Error(`No vendor ${id}`);
  return vendor;
}
const infisical = vendorOf('infisical');
const kosli = vendorOf('kosli');
const aitronos = vendorOf('aitronos');

function refusal(text: string, vendor: Vendor): ExportError {
  try {
    parseFilters(text, vendor);
  } catch (error) {
    if (error instanceof ExportError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

/** The filters that the vendors' documents name, as the issue lists them. */
const DOCUMENTED: Readonly<Record<string, readonly string[]>> = {
  kosli: ['env_name', 'event_types', 'flow_names', 'repo_names'],
  infisical: [
    ...['projectId', 'environment', 'actorType', 'secretPath', 'secretKey', 'eventType', 'userAgentType'],
    ...['eventMetadata', 'actor'],
  ],
  datafold: [],
  aitronos: ['entity_type', 'action_type', 'actor_id', 'target_id', 'department_id', 'search_term'],
  codacy: [],
};

const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((text) => {
  return text.trim() === text && text !== '' && !/[\r\n]/.test(text);
});
const listed = word.filter((text) => !text.includes(','));

const pair = fc.stringMatching(/^[a-z.]{1,8}=[a-z0-9=:#/]{0,8}$/);

/** Values that a filter takes. */
function valuesOf({ list, values, grammar }: Filter): fc.Arbitrary<readonly string[]> {
  const one = values ? fc.constantFrom(...values) : grammar ? pair : list ? listed : word;
  return fc.array(one, { minLength: 1, maxLength: list ? 4 : 1 });
}

/** Any set of a vendor's filters with what they need, in any order. */
function filtersOf({ filters }: Vendor): fc.Arbitrary<Map<string, readonly string[]>> {
  return fc.shuffledSubarray([...filters]).chain((chosen) => {
    const needed = filters.filter(({ name }) => chosen.some(({ needs }) => needs === name) && !isIn(name, chosen));
    const entries = [...chosen, ...needed].map((filter) => valuesOf(filter).map((values) => [filter.name, values]));
    return fc.tuple(...entries).map((pairs) => new Map(pairs as [string, readonly string[]][]));
  });
}

const isIn = (name: string, filters: readonly Filter[]): boolean => filters.some((filter) => filter.name === name);

describe.each([...vendors.values()])('filters of $name', (vendor) => {
  test(`the registry: has exactly the filters of the vendor's document`, () => {
    expect(vendor.filters.map(({ name }) => name)).toEqual(DOCUMENTED[vendor.id]);
  });

  test('any of the filters, in any layout: are read', () => {
    const layout = fc.record({
      ending: fc.constantFrom('\n', '\r\n', '\r'),
      comma: fc.constantFrom(',', ', ', ' ,\t'),
      colon: fc.constantFrom(':', ': ', ' :  '),
      before: fc.constantFrom('', '  ', '# projectId: not this\n', '\n \t\n', '\t#\r\n'),
      after: fc.constantFrom('', ' ', '\n', '\r\n# the end'),
    });
    fc.assert(
      fc.property(filtersOf(vendor), layout, (filters, { ending, comma, colon, before, after }) => {
        const lines = [...filters].map(([name, values]) => `${before}${name}${colon}${values.join(comma)}`);
        const parsed = parseFilters(lines.join(ending) + after, vendor);
        expect([...parsed]).toEqual([...filters]);
      }),
      { numRuns: 300 },
    );
  });

  test('an unknown filter: throws', () => {
    const error = refusal('bogus_filter_name: x', vendor);
    expect(error).toMatchObject({
      kind: 'input',
      message: `\`bogus_filter_name\` is not a filter of ${vendor.name}.`,
      where: 'input `filters`, line 1',
    });
    for (const name of DOCUMENTED[vendor.id] ?? []) expect(error.next).toContain(name);
  });

  test('an empty text: returns no filters', () => {
    for (const text of ['', ' ', '\r\n\r\n', '# only: a comment']) expect(parseFilters(text, vendor).size).toBe(0);
  });

  test('a value outside a closed list: throws, with the list', () => {
    for (const { name, values } of vendor.filters) {
      if (values === undefined) continue;
      const error = refusal(`${name}: no-such-value-at-all`, vendor);
      expect(error).toMatchObject({
        kind: 'input',
        message: `\`no-such-value-at-all\` is not a value of \`${name}\`.`,
        next: `Allowed: ${values.join(', ')}.`,
      });
      for (const value of values) expect(parseFilters(`${name}: ${value}`, vendor).get(name)).toEqual([value]);
    }
  });
});

describe('parseFilters: a line', () => {
  test('a value: keeps colons, number signs, blanks, and commas where it is no list', () => {
    const text = 'projectId: p\nsecretPath: /a b/#c: d, e';
    expect(parseFilters(text, infisical).get('secretPath')).toEqual(['/a b/#c: d, e']);
    expect(parseFilters('search_term: Doe, Jane', aitronos).get('search_term')).toEqual(['Doe, Jane']);
  });

  test('a list: is split at commas', () => {
    expect(parseFilters('flow_names: no provenance,a ,  b', kosli).get('flow_names')).toEqual([
      'no provenance',
      'a',
      'b',
    ]);
  });

  test('an error after comments, empty lines and Windows line ends: has the right line number', () => {
    expect(refusal('# one\r\n\r\nenv_name: prod\r\nenv: x', kosli).where).toBe('input `filters`, line 4');
  });

  test.each([
    ['projectId', '`projectId` is not `name: value`.'],
    ['  just words  ', '`just words` is not `name: value`.'],
  ])('no colon, %j: throws', (line, message) => {
    expect(refusal(line, infisical)).toMatchObject({
      kind: 'input',
      message,
      where: 'input `filters`, line 1',
      next: expect.stringContaining('projectId'),
    });
  });

  test.each(['actor:', 'actor:  ', 'eventType: a,,b', 'eventType: ,', 'eventType: a,'])(
    'no value, %j: throws',
    (line) => {
      const [name] = line.split(':');
      expect(refusal(line, infisical)).toMatchObject({
        kind: 'input',
        message: `\`${name}\` has an empty value.`,
        next: `Write \`${name}: value\`, or leave the line out.`,
      });
    },
  );

  test.each([
    [kosli, 'envname: prod', '`envname` is not a filter of Kosli; did you mean `env_name`?'],
    [infisical, 'projectid: p', '`projectid` is not a filter of Infisical; did you mean `projectId`?'],
    [aitronos, 'entitytype: user', '`entitytype` is not a filter of Aitronos; did you mean `entity_type`?'],
    [kosli, 'event_types: start', '`start` is not a value of `event_types`; did you mean `started`?'],
    [infisical, 'userAgentType: CLI', '`CLI` is not a value of `userAgentType`; did you mean `cli`?'],
    [infisical, 'actorType: users', '`users` is not a value of `actorType`; did you mean `user`?'],
    [
      aitronos,
      'entity_type: vectorstore',
      '`vectorstore` is not a value of `entity_type`; did you mean `vector_store`?',
    ],
    [vendorOf('codacy'), 'constructor: x', '`constructor` is not a filter of Codacy.'],
  ] as const)('a slip in a filter of $id, %j: throws with a suggestion', (vendor, line, message) => {
    expect(refusal(line, vendor)).toMatchObject({ kind: 'input', message, where: 'input `filters`, line 1' });
  });

  test('one wrong value among right ones: throws', () => {
    expect(refusal('event_types: started, stopped', kosli).message).toContain('`stopped`');
  });

  test('a filter given twice: throws', () => {
    expect(refusal('env_name: a\n\nenv_name: b', kosli)).toMatchObject({
      kind: 'input',
      message: '`env_name` stands here a second time.',
      where: 'input `filters`, line 3',
      next: 'Write all its values in one line, with commas.',
    });
  });
});

describe('parseFilters for a vendor without filters', () => {
  test.each(['datafold', 'codacy'])('%s: throws, and says that the vendor has none', (id) => {
    const vendor = vendorOf(id);
    expect(refusal('actor: x', vendor).next).toBe(`${vendor.name} documents no filters: leave \`filters\` out.`);
  });
});

describe('parseFilters: a filter that needs another one', () => {
  test.each(['secretPath: /a', 'secretKey: K', 'environment: prod'])('%s without projectId: throws', (line) => {
    const [name] = line.split(':');
    expect(refusal(`actor: x\n${line}`, infisical)).toMatchObject({
      kind: 'input',
      message: `\`${name}\` needs \`projectId\`, without which Infisical ignores it.`,
      where: 'input `filters`, line 2',
      next: 'Add a line `projectId: …`.',
    });
    expect(parseFilters(`${line}\nprojectId: p`, infisical).size).toBe(2);
  });
});

describe('eventMetadata', () => {
  test.each([
    ['key=value', ['key=value']],
    ['key=value,key2=value2', ['key=value', 'key2=value2']],
    ['secretKey = a b', ['secretKey = a b']],
    ['key=', ['key=']],
    ['key=a=b', ['key=a=b']],
  ])('%j: is accepted', (text, values) => {
    expect(parseFilters(`eventMetadata: ${text}`, infisical).get('eventMetadata')).toEqual(values);
  });

  test.each([
    ['key', 'key'],
    ['=value', '=value'],
    ['key:value', 'key:value'],
    ['key=value, word', 'word'],
  ])('%j: throws', (text, shown) => {
    expect(refusal(`eventMetadata: ${text}`, infisical)).toMatchObject({
      kind: 'input',
      message: `\`${shown}\` is not a value of \`eventMetadata\`.`,
      where: 'input `filters`, line 1',
      next: 'Write it as `key=value,key2=value2`.',
    });
  });
});
