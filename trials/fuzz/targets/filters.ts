/** The `filters` input: any text, and known filters all the way to the address that is asked. */

import fc from 'fast-check';
import { requestOf } from '../../../src/http/attempt.ts';
import type { Call } from '../../../src/http/call.ts';
import { parseFilters } from '../../../src/inputs/filters.ts';
import type { Filter, Vendor } from '../../../src/vendors/contract.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { readEvents } from '../../../src/vendors/read-page.ts';
import { edited, editsOf, textOf } from '../mutations.ts';
import { pagesOf } from '../pages.ts';
import { attempt, expected, insist, target } from '../target.ts';

const WINDOW = { from: Date.UTC(2026, 10, 20), to: Date.UTC(2026, 10, 21) };
const PIECES = [
  ':',
  ',',
  '\n',
  '\r',
  '\r\n',
  ' ',
  '#',
  '&',
  '=',
  '%',
  '+',
  '?',
  '/',
  '..',
  'a',
  'é',
  '\u2028',
  '\ud800',
  '\0',
  '\t',
];

/** One value, as a line of the input can have it: no line break, nothing at its ends that is trimmed. */
const word = (list: boolean) =>
  textOf(PIECES)
    .map((text) => text.replaceAll(list ? /[\r\n,]/g : /[\r\n]/g, '').trim())
    .filter((text) => text !== '');

const valuesOf = ({ list = false, values, grammar }: Filter): fc.Arbitrary<readonly string[]> => {
  const one = values ? fc.constantFrom(...values) : grammar ? word(list).map((text) => `k=${text}`) : word(list);
  return fc.array(one, { minLength: 1, maxLength: list ? 3 : 1 });
};

type Given = readonly (readonly [name: string, values: readonly string[]])[];

const givenTo = (vendor: Vendor): fc.Arbitrary<Given> =>
  fc
    .shuffledSubarray([...vendor.filters])
    .chain((some) =>
      fc.tuple(...some.map((filter) => valuesOf(filter).map((values) => [filter.name, values] as const))),
    );

const spacing = fc.constantFrom('', ' ', '\t ');
const inputs = fc.constantFrom(...vendors.values()).chain((vendor) =>
  fc.record({
    vendor: fc.constant(vendor.id),
    given: givenTo(vendor),
    spaces: fc.tuple(spacing, spacing, fc.constantFrom('\n', '\r\n', '\r', '\n\n# none: x\n')),
    edits: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 2, arbitrary: editsOf([...PIECES, ...vendor.filters.map(({ name }) => `${name}:`)], 2) },
    ),
    anything: fc.option(textOf(PIECES), { freq: 8 }),
  }),
);

export const filters = target({
  name: 'filters',
  holds: 'parseFilters takes any text or refuses it as `filters`; values that are taken reach the address unchanged',
  runs: 3_000,
  sample: 300,
  inputs,
  async check({ vendor: id, given, spaces: [before, after, end], edits, anything }) {
    const vendor = vendors.get(id);
    insist(vendor !== undefined, 'no vendor');
    const lines = given.map(
      ([name, values]) => `${before}${name}${before}:${after}${values.join(`${before},${after}`)}`,
    );
    const text = anything ?? edited(Buffer.from(lines.join(end)), edits).toString();
    const read = attempt(['input'], () => parseFilters(text, vendor));
    const untouched = anything === null && edits.length === 0 && !text.includes('\ufffd');
    if (!('value' in read)) {
      insist(/^input `filters`, line \d+$/.test(read.where ?? ''), 'the error does not say where', read.where);
      const lonely = given.some(([name]) => {
        const { needs } = vendor.filters.find((one) => one.name === name) ?? {};
        return needs !== undefined && !given.some(([other]) => other === needs);
      });
      insist(!untouched || lonely, 'refused, but is right', text, read.message);
      return 'refused';
    }
    if (untouched)
      insist(JSON.stringify([...read.value]) === JSON.stringify(given), 'other values', text, [...read.value]);
    for (const [name, values] of read.value) {
      for (const value of values) insist(text.includes(value), 'a value that nobody gave', name, value);
    }
    await checkAddress(vendor, read.value);
    return 'taken';
  },
});

class Asked extends Error {
  readonly call: Call;
  constructor(call: Call) {
    super('asked');
    this.call = call;
  }
}

/** Checks that the vendor's first request asks for just these values, under their names. */
async function checkAddress(vendor: Vendor, given: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const query = { window: WINDOW, org: 'acme', provider: 'gh', filters: given };
  const send = async (call: Call) => Promise.reject(new Asked(call));
  try {
    for await (const _ of pagesOf(vendor, { query, send, download: send, events: readEvents, note: () => {} }))
      insist(false, 'a page without a request');
  } catch (error) {
    if (!(error instanceof Asked)) throw error;
    checkCall(error.call, given);
  }
}

function checkCall(call: Call, given: ReadonlyMap<string, readonly string[]>): void {
  const request = attempt(['input'], () => requestOf('https://vendor.test', call));
  const [environment] = given.get('env_name') ?? [];
  if (!('value' in request)) {
    insist(
      /^\.{1,2}$/.test(environment ?? ''),
      'a path that is refused',
      call.path,
      expected(['input'], request).message,
    );
    return;
  }
  const { searchParams, pathname, hostname } = request.value.url;
  insist(hostname === 'vendor.test', 'another host', hostname);
  if (environment !== undefined) {
    const segment = pathname.split('/')[5] ?? '';
    insist(decodeURIComponent(segment) === environment.toWellFormed(), 'another environment', pathname, environment);
  }
  for (const [name, values] of given) {
    // Environments are part of the path.
    if (name === 'env_name') continue;
    const found = searchParams.getAll(name);
    const same = found.length === 1 && found[0] === values.join(',').toWellFormed();
    // Kosli lists the environments first, without filters.
    insist(
      same || (found.length === 0 && pathname === '/api/v2/environments/acme'),
      'another filter',
      name,
      found,
      values,
    );
  }
}
