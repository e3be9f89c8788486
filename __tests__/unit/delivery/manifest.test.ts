import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { manifestOf } from '../../../src/delivery/manifest.ts';
import type { ExportTask } from '../../../src/delivery/next-export.ts';
import { VERSION } from '../../../src/delivery/version.ts';
import type { ExportedTable } from '../../../src/export/export.ts';
import type { CsvFile } from '../../../src/export/part-files.ts';
import { readInputs } from '../../../src/inputs/inputs.ts';
import { scopeOf } from '../../../src/inputs/scope.ts';
import { exportOf, NOON, run } from '../../contract/run.ts';
import { bytesOf, play, readTape, tapeNames } from '../../contract/tape.ts';
import { linkOf, sha256, taskOf } from '../chain.ts';

// `textarea` is a hint of the profiles for form makers.
const ajv = new Ajv({ strict: false, allErrors: true, formats: { textarea: true } });
formats.default(ajv);

/** A profile of Data Package 2.0, from the copies beside the tests: nothing is fetched. */
function profile(name: string): ValidateFunction {
  const url = new URL(`../../fixtures/datapackage-2.0/${name}.json`, import.meta.url);
  return ajv.compile(JSON.parse(readFileSync(url, 'utf8')));
}

const [isPackage, isResource, isSchema, isDialect] = [
  profile('datapackage'),
  profile('dataresource'),
  profile('tableschema'),
  profile('tabledialect'),
] as [ValidateFunction, ValidateFunction, ValidateFunction, ValidateFunction];

const errorsOf = (validate: ValidateFunction, value: unknown) => {
  validate(value);
  return validate.errors ?? [];
};

/** One request at a time, in the order of the tape. */
async function exported(name: string, columns: string) {
  const tape = readTape(name);
  const server = await play(tape, (index, before) =>
    index === 0 && before === 0 ? (res) => res.writeHead(503, { 'content-length': 0 }).end() : undefined,
  );
  const done = await run({ inputs: { ...tape.query, 'base-url': server.origin, columns, concurrency: '1' } });
  return { tape, server, done, ...exportOf(done) };
}

describe.each(tapeNames.flatMap((name) => ['native', 'common'].map((columns): [string, string] => [name, columns])))(
  'manifestOf for the tape %s with %s columns',
  (name, columns) => {
    test('the manifest: is a Data Package 2.0 in all of its parts', async () => {
      const { manifest } = await exported(name, columns);
      const [resource, ...rest] = manifest.resources;
      expect(rest).toEqual([]);
      expect(errorsOf(isPackage, manifest)).toEqual([]);
      expect(errorsOf(isResource, resource)).toEqual([]);
      expect(errorsOf(isSchema, resource.schema)).toEqual([]);
      expect(errorsOf(isDialect, resource.dialect)).toEqual([]);
      expect(manifest.$schema).toBe('https://datapackage.org/profiles/2.0/datapackage.json');
    });

    test('the manifest: describes the CSV beside it', async () => {
      const { csv, manifest, done } = await exported(name, columns);
      const [resource] = manifest.resources;
      const [header, ...rows] = parse(csv) as string[][];
      expect([...done.files.keys()].filter((path) => path.endsWith(`/${resource.path}`))).toHaveLength(1);
      expect(resource).toMatchObject({ bytes: csv.length, hash: `sha256:${sha256(csv)}`, encoding: 'utf-8' });
      expect(resource.schema.fields.map((field: { name: string }) => field.name)).toEqual(header);
      expect(manifest.export.events.written).toBe(rows.length);
      expect(resource.rows).toBe(rows.length);
      expect(manifest.export.columns).toBe(columns);
    });

    test('the counts: account for every event and every request', async () => {
      const { tape, server, manifest, done } = await exported(name, columns);
      const { received, outside_window, duplicates, already_exported, written, first, last } = manifest.export.events;
      expect(outside_window + duplicates + already_exported + written).toBe(received);
      expect(already_exported).toBe(0);
      expect(done.outputs).toMatchObject({ 'row-count': String(written), 'first-event': first, 'last-event': last });
      expect(first <= last).toBe(true);

      const { requests } = manifest.export;
      expect(requests.map(({ status }: { status: number }) => status)).toEqual([503, ...tape.exchanges.map(() => 200)]);
      expect(requests.map(({ attempt }: { attempt: number }) => attempt).slice(0, 3)).toEqual(
        [1, 2, 1].slice(0, requests.length),
      );
      const told = requests
        .slice(1)
        .map(({ method, path, bytes, sha256: sum }: Record<string, unknown>) => ({ method, path, bytes, sum }));
      const wanted = tape.exchanges.map(({ request, response }) => ({
        method: request.method,
        path: request.path + (request.query && `?${request.query}`),
        bytes: bytesOf(response.body).length,
        sum: sha256(bytesOf(response.body)),
      }));
      expect(told).toEqual(wanted);
      expect(server.asked).toHaveLength(requests.length);
    });

    test('SHA256SUMS: has the true sums of the CSV and the manifest', async () => {
      const { sums, csv, manifest, done } = await exported(name, columns);
      const lines = sums
        .trimEnd()
        .split('\n')
        .map((line) => line.split('  '));
      expect(lines.map(([, path]) => path)).toEqual([manifest.resources[0].path, 'datapackage.json']);
      const fileOf = (path: string) => [...done.files].find(([file]) => file.endsWith(`/${path}`))?.[1] ?? Buffer.of();
      expect(lines.map(([sum]) => sum)).toEqual(lines.map(([, path = '']) => sha256(fileOf(path))));
      expect(done.outputs['sha256']).toBe(sha256(csv));
      expect(done.files.size).toBe(3);
    });

    test('the manifest: names window, vendor document, run, and how completeness was established', async () => {
      const { tape, manifest, done } = await exported(name, columns);
      expect(manifest.export).toMatchObject({
        vendor: tape.query['vendor'],
        org: tape.query['org'] ?? null,
        window: {
          from: done.outputs['from'],
          to: done.outputs['to'],
          interval: '[from, to)',
          asked: { from: tape.query['from'] },
        },
        document: { url: expect.stringMatching(/^https:/), read: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
        run: { repository: 'acme/audit', run_id: '42', run_attempt: '1' },
        chain: null,
        gap: null,
        late: { looked_from: done.outputs['from'], count: 0, rows: '' },
        scope: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(manifest.id).toMatch(/^[0-9a-f]{64}$/);
      expect(manifest.export.completeness.established.length).toBeGreaterThan(0);
      expect(manifest.export.completeness.limits.length).toBeGreaterThan(0);
    });
  },
);

describe('manifestOf a chained export', () => {
  const day = { from: Date.UTC(2026, 10, 20), to: Date.UTC(2026, 10, 21) };
  const last = linkOf({ from: 0, to: day.from - 1000 }, { artifact: 42 });
  const { request, run } = readInputs(
    {
      INPUT_VENDOR: 'infisical',
      INPUT_TOKEN: 'never-shown',
      INPUT_FROM: 'last-export',
      INPUT_FILTERS: 'actor: a\neventType: b, c',
    },
    () => {},
    async () => 'jwt',
    NOON,
  );
  const table: ExportedTable = {
    files: [1, 2].map((n) => ({
      path: `/t/a.${n}.csv`,
      name: `a.${n}.csv`,
      rows: n,
      bytes: n,
      sha256: sha256(String(n)),
    })),
    columns: ['id', 'extra'],
    counts: { received: 5, outsideWindow: 1, duplicates: 0, alreadyExported: 1, written: 3 },
    firstEvent: day.from,
    lastEvent: day.to - 1,
    lateRows: [],
  };
  const manifestWith = (
    task: ExportTask,
    lateRows: readonly number[] = [],
    copies: readonly CsvFile[] = [],
    more = {},
  ) =>
    JSON.parse(
      JSON.stringify(
        manifestOf({
          request,
          workflowRun: run.workflowRun,
          task: { ...task, name: 'Acme' },
          table: { ...table, lateRows },
          copies,
          exchanges: [],
          notes: [],
          createdAt: NOON,
          ...more,
        }),
      ),
    );

  test('title, sources and versions: say what was exported, and by which program', () => {
    const manifest = manifestWith(taskOf(day));
    expect(manifest).toMatchObject({
      name: 'acme',
      title: 'Audit log of Infisical, 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z',
      created: new Date(NOON).toISOString().replace('.000', ''),
      sources: [{ title: 'Infisical audit log', path: request.origin }],
      export: {
        org: null,
        host: new URL(request.origin).host,
        filters: { actor: ['a'], eventType: ['b', 'c'] },
        versions: { exporter: VERSION, node: process.versions.node },
      },
    });
    const { title } = manifestWith(taskOf(day), [], [], { request: { ...request, org: 'acme' } });
    expect(title).toMatch(/^Audit log of Infisical \(acme\), /);
  });

  test('the id: differs for other events, another window, another time, another run', () => {
    const { id } = manifestWith(taskOf(day));
    expect(manifestWith(taskOf(day)).id).toBe(id);
    const otherFiles = table.files.map((file) => ({ ...file, sha256: sha256(`other ${file.name}`) }));
    const others = [
      manifestWith(taskOf({ ...day, to: day.to - 1000 })),
      manifestWith(taskOf(day), [], [], { table: { ...table, files: otherFiles } }),
      manifestWith(taskOf(day), [], [], { createdAt: NOON + 1000 }),
      manifestWith(taskOf(day), [], [], { request: { ...request, scope: scopeOf({ ...request, columns: 'common' }) } }),
      manifestWith(taskOf(day), [], [], { workflowRun: { ...run.workflowRun, run_attempt: '2' } }),
    ].map((manifest) => manifest.id);
    expect(new Set([id, ...others]).size).toBe(6);
  });

  test('the schema: says how each table is written, and what known columns mean', () => {
    const columns = ['id', 'event.metadata', 'extra', 'source_ip', 'not documented'];
    const [resource] = manifestWith(taskOf(day), [], [], { table: { ...table, columns } }).resources;
    expect(resource).toMatchObject({
      type: 'table',
      mediatype: 'text/csv',
      format: 'csv',
      dialect: { delimiter: ',', lineTerminator: '\r\n', quoteChar: '"', doubleQuote: true, header: true },
    });
    expect(resource.schema.missingValues).toEqual(['']);
    expect(resource.schema.fields).toEqual([
      { name: 'id', type: 'string', description: 'UUID of the event' },
      { name: 'event.metadata', type: 'string', description: 'details of it, as JSON' },
      { name: 'extra', type: 'string', description: expect.stringContaining('no other native column') },
      { name: 'source_ip', type: 'string', description: 'The IP address that the actor came from.' },
      { name: 'not documented', type: 'string' },
    ]);
  });

  test('no events: the times of events are null', () => {
    const empty = { ...table, firstEvent: null, lastEvent: null };
    expect(manifestWith(taskOf(day)).export.events).toMatchObject({
      first: '2026-11-20T00:00:00Z',
      last: '2026-11-20T23:59:59.999Z',
    });
    expect(manifestWith(taskOf(day), [], [], { table: empty }).export.events).toMatchObject({
      first: null,
      last: null,
    });
  });

  test('a CSV in parts: is a Data Package 2.0 with a uniquely named resource for each part', () => {
    const manifest = manifestWith(taskOf(day, { previous: last }));
    expect(errorsOf(isPackage, manifest)).toEqual([]);
    for (const resource of manifest.resources) expect(errorsOf(isResource, resource)).toEqual([]);
    expect(manifest.resources).toMatchObject([
      { name: 'events-1', path: 'a.1.csv', rows: 1, hash: `sha256:${sha256('1')}` },
      { name: 'events-2', path: 'a.2.csv', rows: 2, hash: `sha256:${sha256('2')}` },
    ]);
  });

  test('a copy for spreadsheets: has a resource for each part that says how to undo it', () => {
    const copies = [1, 2, 3].map((n) => ({
      path: `/t/a.spreadsheet.${n}.csv`,
      name: `a.spreadsheet.${n}.csv`,
      rows: 1,
      bytes: 9,
      sha256: sha256(`copy ${n}`),
    }));
    const { id, ...manifest } = manifestWith(taskOf(day, { previous: last }), [], copies);
    expect(errorsOf(isPackage, manifest)).toEqual([]);
    for (const resource of manifest.resources) {
      expect(errorsOf(isResource, resource)).toEqual([]);
      expect(errorsOf(isSchema, resource.schema)).toEqual([]);
    }
    const { resources, ...without } = manifestWith(taskOf(day, { previous: last }));
    expect(manifest).toEqual({ ...without, id: undefined, resources: expect.anything() });
    expect(manifest.resources.slice(0, 2)).toEqual(resources);
    expect(manifest.resources.slice(2)).toMatchObject(
      copies.map(({ name, sha256: sum }, index) => ({
        name: `spreadsheet-${index + 1}`,
        path: name,
        hash: `sha256:${sum}`,
        rows: 1,
        description: expect.stringContaining('The same events for spreadsheets'),
        sources: [{ path: 'a.1.csv' }, { path: 'a.2.csv' }],
        guarded: { rule: 'owasp', undo: { in: 'every cell, the header too', remove: "(?<![^,;|\\t\\r\\n])'" } },
      })),
    );
    const [one] = manifestWith(taskOf(day), [], copies.slice(1, 2)).resources.slice(2);
    expect(one.name).toBe('spreadsheet');
    expect(id).toBe(without.id);
  });

  test('a chain with a gap: names the previous export, the gap, and the start of the overlap', () => {
    const gap = { from: last.window.to, to: day.from };
    const task = taskOf(day, { previous: last, gap, fetchFrom: day.from - 3_600_000 });
    expect(manifestWith(task, [1]).export).toMatchObject({
      window: { asked: { from: 'last-export' }, from: '2026-11-20T00:00:00Z' },
      chain: {
        previous: { id: last.id, sha256: last.sha256, to: '2026-11-19T23:59:59Z', artifact: 42, place: last.place },
      },
      gap: { from: '2026-11-19T23:59:59Z', to: '2026-11-20T00:00:00Z' },
      late: { looked_from: '2026-11-19T23:00:00Z', count: 1, rows: '1' },
    });
    const { previous } = manifestWith(taskOf(day, { previous: linkOf(last.window) })).export.chain;
    expect(previous).toEqual({ id: last.id, sha256: last.sha256, to: '2026-11-19T23:59:59Z', place: last.place });
    expect(manifestWith(taskOf(day)).export.chain).toEqual({ previous: null });
  });

  test('late events: their rows are listed, consecutive ones as ranges', () => {
    expect(manifestWith(taskOf(day), [1, 2, 3, 7, 9, 10]).export.late).toMatchObject({
      count: 6,
      rows: '1-3, 7, 9-10',
    });
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (numbers) => {
        const lateRows = numbers.sort((a, b) => a - b);
        const { count, rows } = manifestWith(taskOf(day), lateRows).export.late;
        const ranges = (rows as string)
          .split(', ')
          .filter(Boolean)
          .map((range) => range.split('-').map(Number));
        const named = ranges.flatMap(([first = 0, end = first]) => {
          return Array.from({ length: end - first + 1 }, (_, index) => first + index);
        });
        expect(named).toEqual(lateRows);
        expect(count).toBe(lateRows.length);
        for (const [index, [first = 0]] of ranges.entries()) {
          if (index > 0) expect(first).toBeGreaterThan((ranges[index - 1]?.at(-1) ?? 0) + 1);
        }
      }),
    );
  });
});

test('a copy for spreadsheets: its resource describes the file, and the CSV stays unchanged', async () => {
  const tape = readTape('datafold');
  const server = await play(tape);
  const inputs = { ...tape.query, 'base-url': server.origin };
  const columns = 'event_uuid, url, user_agent, raw';
  const without = exportOf(await run({ inputs: { ...inputs, columns } }));
  const again = await play(tape);
  const done = await run({ inputs: { ...inputs, 'base-url': again.origin, columns, 'csv-safety': 'owasp' } });
  expect(done.error).toBeNull();
  const fileOf = (suffix: string) => [...done.files].find(([path]) => path.endsWith(suffix))?.[1] ?? Buffer.of();
  const manifest = JSON.parse(String(fileOf('/datapackage.json')));
  const [events, copy] = manifest.resources;
  expect(manifest.resources).toHaveLength(2);
  expect(fileOf(`/${events.path}`)).toEqual(without.csv);
  const content = fileOf(`/${copy.path}`);
  expect(copy).toMatchObject({
    name: 'spreadsheet',
    path: events.path.replace('.csv', '.spreadsheet.csv'),
    bytes: content.length,
    hash: `sha256:${sha256(content)}`,
    rows: events.rows,
    sources: [{ path: events.path }],
  });
  const undone = (cell: string) => cell.replaceAll(new RegExp(copy.guarded.undo.remove, 'g'), '');
  const table = parse(content) as string[][];
  expect(copy.schema.fields.map((field: { name: string }) => field.name)).toEqual(table[0]);
  expect(table.map((row) => row.map(undone))).toEqual(parse(without.csv));
  expect(String(fileOf('/SHA256SUMS')).split('\n')).toContain(`${sha256(content)}  ${copy.path}`);
  expect(done.outputs['spreadsheet-path']).toMatch(new RegExp(`/${copy.path}$`));
  expect(done.summary).toContain(copy.path.replaceAll('-', '&#45;').replaceAll('.', '&#46;'));
});

test('the profiles of Data Package: refuse a manifest that is not one', async () => {
  const { manifest } = await exported('datafold', 'native');
  const [resource] = manifest.resources;
  expect(errorsOf(isPackage, { ...manifest, resources: [] })).not.toEqual([]);
  expect(errorsOf(isResource, { ...resource, path: undefined, bytes: '12' })).not.toEqual([]);
  expect(errorsOf(isSchema, { fields: [{ name: 'a', type: 'text' }] })).not.toEqual([]);
  expect(errorsOf(isDialect, { ...resource.dialect, header: 'yes' })).not.toEqual([]);
});
