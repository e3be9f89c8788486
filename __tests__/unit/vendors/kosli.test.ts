import { describe, expect, test } from '@jest/globals';
import { inWindow, type LedgerEvent } from '../../../sandbox/ledger.ts';
import { changed, reply, type SandboxRequest } from '../../../sandbox/server.ts';
import {
  KOSLI_ENVIRONMENTS,
  type KosliEnvironment,
  type KosliOptions,
  type KosliTime,
  kosliCells,
  kosliHeader,
} from '../../../sandbox/vendors/kosli.ts';
import { exportOf, failureOf } from '../../contract/run.ts';
import { asked, expectRows, exportFrom, ledgerOf, rowsOf, type Span, serve, WEEK } from '../../contract/sandbox.ts';

const events = ledgerOf('kosli', 2400);
const LISTED = ['prod-k8s', 'prod-ecs', 'staging.eu-1'];
const halfOpen = { fromInclusive: true, toInclusive: false };

/** The rows of some environments, newest first as the sandbox has them, with or without a column that names them. */
function tableOf(
  names: readonly string[],
  {
    time = 'float',
    named = true,
    ledger = events,
  }: { time?: KosliTime; named?: boolean; ledger?: readonly LedgerEvent[] } = {},
): string[][] {
  const rows = names.flatMap((name) =>
    inWindow(ledger, WEEK)
      .filter(({ hidden }) => hidden['environment'] === name)
      .reverse()
      .map((event) => [...(named ? [name] : []), ...kosliCells(event, time)]),
  );
  return [[...(named ? ['environment'] : []), ...kosliHeader(time)], ...rows];
}

async function exportKosli(
  options: Partial<KosliOptions> = {},
  inputs: Record<string, string> = {},
  window: Span = WEEK,
) {
  const server = await serve('kosli', events, options);
  return { server, done: await exportFrom('kosli', server, window, inputs) };
}

describe('Kosli, bounds that no document names', () => {
  const bounds = [true, false].flatMap((fromInclusive) =>
    [true, false].map((toInclusive) => ({ fromInclusive, toInclusive })),
  );

  test.each(bounds)('from included: $fromInclusive, to included: $toInclusive: exports every event', async (given) => {
    for (const time of ['float', 'iso'] as const) {
      const { done } = await exportKosli({ bounds: given, time });
      expectRows(rowsOf(done), tableOf(LISTED, { time }));
    }
  });

  test('the window: is asked for in UNIX seconds, with a second more on either side', async () => {
    const { server } = await exportKosli({}, { filters: 'env_name: prod-ecs' });
    const logs = server.requests.slice(0, 1);
    expect(new Set(asked(logs, 'from_timestamp'))).toEqual(new Set([String(WEEK.from / 1000 - 1)]));
    expect(new Set(asked(logs, 'to_timestamp'))).toEqual(new Set([String(WEEK.to / 1000 + 1)]));
  });

  test('a window in milliseconds: is asked for in fractions of seconds', async () => {
    const { server } = await exportKosli({}, {}, { from: WEEK.from + 250, to: WEEK.to - 1 });
    expect(asked(server.requests.slice(1, 2), 'from_timestamp')).toEqual([String(WEEK.from / 1000 - 0.75)]);
    expect(asked(server.requests.slice(1, 2), 'to_timestamp')).toEqual([String(WEEK.to / 1000 + 0.999)]);
  });
});

describe('Kosli, environments', () => {
  test("none named: exports all that are listed and physical, in the list's order, and asks for the ends of the first once more", async () => {
    const { server, done } = await exportKosli({}, { concurrency: '1' });
    const [first = '', ...others] = LISTED.map((name) => `/api/v2/environments/acme/${name}/auditlog`);
    expect(server.requests.map(({ path }) => path)).toEqual(['/api/v2/environments/acme', first, first, ...others]);
    expectRows(rowsOf(done), tableOf(LISTED));
  });

  test('a list in pages: is followed to its last page', async () => {
    const idle = (index: number): KosliEnvironment => ({ name: `idle-${index}`, type: 'docker' });
    const environments = [...Array.from({ length: 33 }, (_, index) => idle(index)), ...KOSLI_ENVIRONMENTS];
    const { server, done } = await exportKosli({ paged: true, environments });
    const pages = server.requests.filter(({ path }) => path === '/api/v2/environments/acme');
    expect(asked(pages, 'page')).toEqual([undefined, '2', '3']);
    const logs = server.requests.filter((request) => !pages.includes(request));
    expect(new Set(logs.map(({ path }) => path)).size).toBe(36);
    expectRows(rowsOf(done), tableOf(LISTED));
  });

  test('a list shorter than its count: throws `incomplete`', async () => {
    const { done } = await exportKosli({
      paged: true,
      intercept: (_, index) =>
        index > 0
          ? undefined
          : changed((answer) => ({
              ...answer,
              body: String(answer.body).replace('"total_count":4', '"total_count":5'),
            })),
    });
    expect(failureOf(done)).toMatchObject({ kind: 'incomplete', message: 'Kosli lists 4 environments but counts 5.' });
  });

  test('a name that no address can hold: throws an `ExportError`', async () => {
    const { done } = await exportKosli({ environments: [{ name: 'prod-\ud800', type: 'K8S' }] });
    expect(failureOf(done)).toMatchObject({ kind: 'protocol', where: 'GET /api/v2/environments/acme' });
  });

  test('only logical ones: throws `not-found`, and leaves no empty file', async () => {
    const { done } = await exportKosli({ environments: KOSLI_ENVIRONMENTS.filter(({ type }) => type === 'logical') });
    expect(failureOf(done).kind).toBe('not-found');
  });

  test('one named: its table as it comes, without a list and without a first column', async () => {
    const { server, done } = await exportKosli({}, { filters: 'env_name: prod-ecs' });
    expect(server.requests.map(({ path }) => path)).toEqual(['/api/v2/environments/acme/prod-ecs/auditlog']);
    expectRows(rowsOf(done), tableOf(['prod-ecs'], { named: false }));
  });

  test('an archived one, which no list has: is exported by its name', async () => {
    const { done } = await exportKosli({}, { filters: 'env_name: old-server' });
    const expected = tableOf(['old-server'], { named: false });
    expect(expected.length).toBeGreaterThan(100);
    expectRows(rowsOf(done), expected);
  });

  test('a logical one: exports the events of those that it includes', async () => {
    const { done } = await exportKosli({}, { filters: 'env_name: prod' });
    const rows = rowsOf(done).slice(1);
    const wanted = ['prod-k8s', 'prod-ecs'].flatMap((name) => tableOf([name], { named: false }).slice(1));
    expect(rows.map((row) => JSON.stringify(row)).sort()).toEqual(wanted.map((row) => JSON.stringify(row)).sort());
  });

  test('two named: a first column says which', async () => {
    const { done } = await exportKosli({}, { filters: 'env_name: old-server, prod-k8s' });
    expectRows(rowsOf(done), tableOf(['old-server', 'prod-k8s']));
  });

  test("a column of the vendor's own with the name of the first column: stays beside it", async () => {
    const renamed = changed((answer) => ({
      ...answer,
      body: String(answer.body).replace('environment_name', 'environment'),
    }));
    const { done } = await exportKosli({ intercept: (_, index) => (index > 0 ? renamed : undefined) });
    expect(rowsOf(done)[0]?.slice(0, 3)).toEqual(['export.environment', 'type', 'environment']);
  });

  test("columns of any names of that kind: stay the vendor's own", async () => {
    const renamed = changed((answer) => ({
      ...answer,
      body: String(answer.body).replace('type,environment_name', 'export.environment,environment'),
    }));
    const { done } = await exportKosli({ intercept: (_, index) => (index > 0 ? renamed : undefined) });
    const [header = [], row] = rowsOf(done);
    expect(header.slice(0, 3)).toEqual(['export.export.environment', 'export.environment', 'environment']);
    expect(row).toHaveLength(header.length);
  });

  test('one that does not exist: throws `not-found`', async () => {
    const { done } = await exportKosli({}, { filters: 'env_name: prod-ecs, nowhere' });
    expect(failureOf(done)).toMatchObject({ kind: 'not-found', where: expect.stringContaining('/nowhere/auditlog') });
  });

  test('headers that differ: throws `protocol`, since they do not fit into one table', async () => {
    const { done } = await exportKosli({ time: { 'prod-ecs': 'iso' } });
    expect(failureOf(done)).toMatchObject({ kind: 'protocol', next: expect.stringContaining('env_name') });
  });
});

describe('Kosli, answers that contradict each other', () => {
  const isPart = ({ query }: SandboxRequest) =>
    query.some(([name, value]) => name === 'from_timestamp' && Number(value) * 1000 > WEEK.from);

  test('another header when the ends are asked for again: throws `protocol`', async () => {
    const { server, done } = await exportKosli(
      {
        alter: (answer, request) =>
          isPart(request) ? { ...answer, body: String(answer.body).replace('description', 'sentence') } : answer,
      },
      { filters: 'env_name: prod-k8s' },
    );
    expect(server.requests.filter(isPart)).toHaveLength(1);
    expect(failureOf(done)).toMatchObject({ kind: 'protocol', message: expect.stringContaining('header') });
  });

  test.each([
    ['all of them', /./],
    ['one of them', /^changed,prod-ecs,1?\d,/],
  ])('a time column with times outside the window, %s: throws `protocol`', async (_, which) => {
    const { done } = await exportKosli(
      {
        arrange: (entries) =>
          entries.map(({ event, micros, text }) => ({
            event,
            micros,
            text: which.test(text) ? text.replace(/,(1793|1794)(\d{6}\.\d+),/, ',1693$2,') : text,
          })),
      },
      { filters: 'env_name: prod-ecs' },
    );
    expect(failureOf(done)).toMatchObject({ kind: 'protocol', message: expect.stringContaining('outside the window') });
  });

  test('a list whose count changes on its last page, so that one may have been skipped: throws `incomplete`', async () => {
    const idle = (index: number): KosliEnvironment => ({ name: `idle-${index}`, type: 'docker' });
    const environments = [...Array.from({ length: 16 }, (_, index) => idle(index)), ...KOSLI_ENVIRONMENTS];
    const { done } = await exportKosli({
      paged: true,
      environments,
      alter: (answer, { query }) => ({
        ...answer,
        body: query.some(([name]) => name === 'page')
          ? answer.body
          : String(answer.body).replace('"total_count":20', '"total_count":21'),
      }),
    });
    expect(failureOf(done)).toMatchObject({
      kind: 'incomplete',
      message: 'Kosli lists 20 environments but counts 21, then 20.',
    });
  });
});

describe('Kosli, no column reads as a time', () => {
  test.each(['words', 'none'] as const)("%s: the vendor's own bounds stand, and the manifest says so", async (time) => {
    const { done } = await exportKosli({ time, bounds: halfOpen });
    expectRows(rowsOf(done), tableOf(LISTED, { time }));
    const { events: counts, completeness } = exportOf(done).manifest.export;
    expect(counts).toMatchObject({ outside_window: 0, first: null, last: null });
    expect(completeness.established).toContainEqual(expect.stringContaining("the vendor's own bounds stand"));
  });

  test.each(['words', 'none'] as const)('%s: `common`, which needs a time, is refused', async (time) => {
    const { done } = await exportKosli({ time, bounds: halfOpen }, { columns: 'common' });
    expect(failureOf(done)).toMatchObject({ kind: 'input', where: 'input `columns`' });
  });

  test('a row cap: throws `incomplete`, since halves cannot be told apart', async () => {
    const { done } = await exportKosli({ time: 'words', rowCap: 500, bounds: halfOpen });
    expect(failureOf(done).kind).toBe('incomplete');
  });

  test('no row cap: exports every event, once the halves have added up', async () => {
    const some = inWindow(events, WEEK)
      .filter(({ hidden }) => hidden['environment'] === 'prod-ecs')
      .slice(0, 123);
    const server = await serve('kosli', some, { time: 'words', bounds: halfOpen });
    const done = await exportFrom('kosli', server, WEEK, { filters: 'env_name: prod-ecs' });
    expectRows(rowsOf(done), tableOf(['prod-ecs'], { time: 'words', named: false, ledger: some }));
    expect(server.requests.length).toBeGreaterThan(2);
  });
});

describe('Kosli, a row cap that no document names', () => {
  const many = ledgerOf('kosli', 10_000);

  test.each([
    [1000, 'newest'],
    [1000, 'oldest'],
    [777, 'newest'],
  ] as const)("cap of %d rows, %s first: exports every event in the vendor's order", async (rowCap, order) => {
    const server = await serve('kosli', many, { rowCap, order });
    const expected = tableOf(['prod-k8s'], { named: false, ledger: many });
    const [header = [], ...rows] = expected;
    const done = await exportFrom('kosli', server, WEEK, { filters: 'env_name: prod-k8s' });
    expectRows(rowsOf(done), [header, ...(order === 'newest' ? rows : rows.reverse())]);
    expect(rows.length).toBeGreaterThan(2000);
    expect(server.requests.length).toBeGreaterThan(3);
  });

  test('more events than the cap in one instant: throws `incomplete`', async () => {
    const [event] = inWindow(events, WEEK);
    if (!event) throw new Error('The ledger is empty.');
    const server = await serve(
      'kosli',
      Array.from({ length: 1001 }, () => event),
      { rowCap: 1000 },
    );
    const environment = event.hidden['environment'];
    const done = await exportFrom('kosli', server, WEEK, { filters: `env_name: ${environment}` });
    expect(failureOf(done).kind).toBe('incomplete');
  });
});

test('Kosli, 409, on which the vendor’s own client tries again: is tried again for the list and for the log', async () => {
  const { server, done } = await exportKosli({ intercept: (_, index) => (index % 3 === 0 ? reply(409) : undefined) });
  expectRows(rowsOf(done), tableOf(LISTED));
  expect(server.requests.map(({ path }) => path.split('/').at(-1))).toEqual([
    ...['acme', 'acme', ...Array.from({ length: 6 }, () => 'auditlog')],
  ]);
  expect(done.waits).toHaveLength(3);
});

test('Kosli, lines that end in a line feed alone: give an equal table', async () => {
  const { done } = await exportKosli({ lineEnd: '\n' });
  expectRows(rowsOf(done), tableOf(LISTED));
});
