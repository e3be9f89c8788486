import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import {
  checkContent,
  checkSums,
  type DeliveredExport,
  damagedExportError,
  readDeliveredExport,
} from '../../../src/delivery/delivered-export.ts';
import { MANIFEST_VERSION } from '../../../src/delivery/evidence.ts';
import { manifestOf } from '../../../src/delivery/manifest.ts';
import type { ExportTask } from '../../../src/delivery/next-export.ts';
import type { ExportedTable } from '../../../src/export/export.ts';
import { type Inputs, readInputs } from '../../../src/inputs/inputs.ts';
import { exportOf, NOON, run } from '../../contract/run.ts';
import { play, readTape } from '../../contract/tape.ts';
import { linkOf, sha256, taskOf } from '../chain.ts';

type Json = Record<string, unknown>;

const WINDOW = { from: Date.UTC(2026, 10, 20), to: Date.UTC(2026, 10, 21) };
const PLACE = 'artifact audit of run 7';

function inputsOf(given: Readonly<Record<string, string>>): Inputs {
  const inputs = Object.entries({ vendor: 'infisical', token: 'never-shown', ...given });
  const env = inputs.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  return readInputs(
    Object.fromEntries(env),
    () => {},
    async () => 'jwt',
    NOON,
  );
}

const table: ExportedTable = {
  files: ['1', '2'].map((n) => ({
    path: `/t/audit.part-00${n}.csv`,
    name: `audit.part-00${n}.csv`,
    rows: 2,
    bytes: 10 * Number(n),
    sha256: sha256(n),
  })),
  columns: ['id'],
  counts: { received: 4, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 4 },
  firstEvent: null,
  lastEvent: null,
  lateRows: [],
};

const copies = ['3', '4', '5'].map((n) => ({
  path: `/t/audit.spreadsheet.part-00${n}.csv`,
  name: `audit.spreadsheet.part-00${n}.csv`,
  rows: 1,
  bytes: 10 * Number(n),
  sha256: sha256(n),
}));

/** The bytes of a manifest, as they are delivered. */
function written(task: ExportTask, given: Readonly<Record<string, string>> = { from: 'last-export' }): Buffer {
  const { request, run } = inputsOf(given);
  const about = {
    request,
    workflowRun: run.workflowRun,
    task,
    table,
    copies,
    exchanges: [],
    notes: [],
    createdAt: NOON,
  };
  return Buffer.from(`${JSON.stringify(manifestOf(about), null, 2)}\n`);
}

describe('readDeliveredExport', () => {
  test('the manifest of an export: returns what the export was', async () => {
    const tape = readTape('datafold');
    const server = await play(tape);
    const done = await run({ inputs: { ...tape.query, 'base-url': server.origin } });
    const { csv, manifest } = exportOf(done);
    const [path = ''] = [...done.files.keys()].filter((name) => name.endsWith('datapackage.json'));
    const bytes = done.files.get(path) ?? Buffer.of();
    expect(readDeliveredExport(bytes, PLACE, 7)).toEqual({
      id: manifest.id,
      sha256: sha256(bytes),
      artifact: 7,
      scope: manifest.export.scope,
      window: { from: Date.parse(done.outputs['from'] ?? ''), to: Date.parse(done.outputs['to'] ?? '') },
      before: null,
      chained: false,
      gap: false,
      files: [{ name: manifest.resources[0].path, bytes: csv.length, sha256: sha256(csv) }],
      copies: [],
      place: PLACE,
    });
  });

  test('the first export of a chain: has no previous one', () => {
    const link = readDeliveredExport(written(taskOf(WINDOW)), PLACE);
    expect(link).toMatchObject({ window: WINDOW, artifact: null, before: null, chained: true, gap: false });
    expect(link.scope).toBe(inputsOf({ from: 'last-export' }).request.scope);
  });

  test.each([
    ['an artifact', 42],
    ['a branch', null],
  ])('an export that goes on from one in %s: has its reference', (_, artifact) => {
    const last = linkOf({ from: 0, to: WINDOW.from }, { artifact });
    const { before } = readDeliveredExport(written(taskOf(WINDOW, { previous: last })), PLACE);
    expect(before).toEqual({ id: last.id, sha256: last.sha256, artifact });
  });

  test('a manifest with a gap: returns that there is one', () => {
    const gap = { from: WINDOW.from - 1, to: WINDOW.from };
    expect(readDeliveredExport(written(taskOf(WINDOW, { gap })), PLACE).gap).toBe(true);
  });

  test('a CSV in parts: returns the parts in their order', () => {
    expect(readDeliveredExport(written(taskOf(WINDOW)), PLACE).files).toEqual([
      { name: 'audit.part-001.csv', bytes: 10, sha256: sha256('1') },
      { name: 'audit.part-002.csv', bytes: 20, sha256: sha256('2') },
    ]);
  });

  test('a copy for spreadsheets: is returned apart from the CSV, and SHA256SUMS has both', () => {
    const link = readDeliveredExport(written(taskOf(WINDOW)), PLACE);
    expect(link.copies).toEqual(copies.map(({ name, bytes, sha256: sum }) => ({ name, bytes, sha256: sum })));
    const lines = [...table.files, ...copies].map(({ name, sha256: sum }) => `${sum}  ${name}\n`);
    const sums = `${lines.join('')}${link.sha256}  datapackage.json\n`;
    expect(() => checkSums(link, Buffer.from(sums))).not.toThrow();
    for (const line of lines) {
      expect(() => checkSums(link, Buffer.from(sums.replace(line, '')))).toThrow('SHA256SUMS does not agree');
    }
  });

  test('any window: is read to the millisecond', () => {
    const windows = fc.tuple(fc.nat({ max: 4_102_444_800_000 }), fc.integer({ min: 1, max: 400 * 86_400_000 }));
    fc.assert(
      fc.property(windows, ([from, length]) => {
        const window = { from, to: from + length };
        expect(readDeliveredExport(written(taskOf(window)), PLACE).window).toEqual(window);
      }),
    );
  });

  test('two exports that differ in their run alone: have two ids', () => {
    const [first, again] = [written(taskOf(WINDOW)), written(taskOf(WINDOW))].map(
      (bytes) => readDeliveredExport(bytes, PLACE).id,
    );
    expect(first).toBe(again);
    const { request, run } = inputsOf({ from: 'last-export' });
    const workflowRun = { ...run.workflowRun, run_id: '43' };
    const about = { request, task: taskOf(WINDOW), table, copies: [], exchanges: [], notes: [], createdAt: NOON };
    expect(manifestOf({ workflowRun, ...about })).not.toMatchObject({ id: first });
  });
});

describe('checkContent and checkSums', () => {
  const link = linkOf(WINDOW);
  const content = Buffer.from('id\r\n7\r\n');
  const file = { name: 'audit.csv', bytes: content.length, sha256: sha256(content) };
  const sums = `${link.files[0]?.sha256}  ${link.files[0]?.name}\n${link.sha256}  datapackage.json\n`;

  test('checkContent: returns the listed bytes, and throws `destination` for any others', () => {
    expect(checkContent(link, file, content)).toBe(content);
    const other = Buffer.from('id\r\n8\r\n');
    expect(() => checkContent(link, file, other)).toThrow('audit.csv is not what its manifest says');
  });

  test('checkSums: accepts the sums of the manifest, and throws `destination` for any others', () => {
    checkSums(link, Buffer.from(sums));
    for (const other of ['', sums.slice(0, -1), sums.replace(/^./, 'x'), sums + sums]) {
      expect(() => checkSums(link, Buffer.from(other))).toThrow('SHA256SUMS does not agree with its manifest');
    }
  });
});

describe('readDeliveredExport of a damaged manifest', () => {
  const whole = written(taskOf(WINDOW, { previous: linkOf({ from: 0, to: WINDOW.from }, { artifact: 42 }) }));

  /** The manifest with one value changed; `undefined` removes it. */
  function changed(path: string, value: unknown): Buffer {
    const manifest = JSON.parse(String(whole)) as Json;
    const names = path.split('.');
    const last = names.pop() ?? '';
    const parent = names.reduce<unknown>((at, name) => (at as Json)[name], manifest) as Json;
    expect(Object.hasOwn(parent, last)).toBe(true);
    parent[last] = value;
    return Buffer.from(JSON.stringify(manifest));
  }

  function refusal(bytes: Buffer): ExportError {
    try {
      readDeliveredExport(bytes, PLACE, 7);
    } catch (error) {
      if (error instanceof ExportError) return error;
      throw error;
    }
    throw new Error('was taken for whole');
  }

  test('damagedExportError: is a `destination` error with place and way out', () => {
    expect(refusal(Buffer.of())).toMatchObject({
      kind: 'destination',
      message: 'The last export is damaged: its manifest cannot be read.',
      where: PLACE,
      next: expect.stringContaining('remove it whole'),
    });
    expect(damagedExportError(PLACE, 'x.csv is missing').message).toBe('The last export is damaged: x.csv is missing.');
  });

  test('a newer version: throws an error with both versions, place and way out', () => {
    expect(refusal(changed('export.version', MANIFEST_VERSION + 1))).toMatchObject({
      kind: 'destination',
      message: 'The last export has a manifest of version 3, and this exporter reads versions up to 2.',
      where: PLACE,
      next: 'Use the version of the action that wrote it, or a later one.',
    });
  });

  test.each(['', ' ', 'null', '[]', '7', '"x"', '{}', '\ufffd', '<!doctype html>', '{"id":"x"}'])(
    'the text %j: throws `destination`',
    (text) => {
      expect(refusal(Buffer.from(text))).toMatchObject({ kind: 'destination', where: PLACE });
    },
  );

  test('a manifest truncated anywhere: throws `destination`', () => {
    const end = String(whole).trimEnd().length;
    fc.assert(
      fc.property(fc.nat({ max: end - 1 }), (length) => {
        expect(refusal(whole.subarray(0, length)).kind).toBe('destination');
      }),
    );
  });

  const HASH = `sha256:${'ab'.repeat(32)}`;
  test.each<[path: string, values: unknown[]]>([
    ['id', [undefined, null, 7, {}]],
    ['export', [undefined, null, [], 'x']],
    ['export.version', [null, '2', 0, -1, 1.5, 3, 1e300, {}, true]],
    ['export.scope', [undefined, null, 7]],
    ['export.window', [undefined, null, 'P1D', []]],
    ['export.window.from', [undefined, null, 0, '', '2026-11-20', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z']],
    ['export.window.to', [undefined, null, 0, 'now', '2026-11-31T00:00:00Z', '2026-11-20T00:00:00Z']],
    ['export.window.from', ['1969-12-31T23:59:59Z', '2026-11-20T00:00:00.0001Z']],
    ['export.chain.previous.artifact', ['42', -1, 1.5, 1e300, {}]],
    ['export.chain', [undefined, 'x', 7, [], true]],
    ['export.chain.previous', [undefined, 'x', 7, [], {}]],
    ['export.chain.previous.id', [undefined, null, 7]],
    ['export.chain.previous.sha256', [undefined, null, 7]],
    ['export.gap', [undefined, 'x', true, []]],
    ['resources', [undefined, null, [], {}, 'x']],
    ['resources.0', [null, 'x', []]],
    ['resources.1.path', [undefined, 7, '', 'x', 'x.txt', '../x.csv', 'a/x.csv', '/x.csv', 'a\\x.csv', 'x.csv\n']],
    ['resources.1.bytes', [undefined, null, '10', -1, 1.5, 1e300]],
    ['resources.2.path', [undefined, 7, '', '../x.csv']],
    ['resources.2.guarded', [null, true, 'owasp', []]],
    [
      'resources.1.hash',
      [undefined, 'sha256:', HASH.slice(7), HASH.toUpperCase(), `${HASH}0`, HASH.replace('256', '1')],
    ],
  ])('another `%s`, each of %j: throws `destination`', (path, values) => {
    for (const value of values) {
      expect({ value, error: refusal(changed(path, value)) }).toMatchObject({
        error: { kind: 'destination', where: PLACE },
      });
    }
  });

  test('any JSON in any field: returns an export, or throws `destination`', () => {
    const paths = fc.constantFrom(
      ...['$schema', 'name', 'id', 'resources', 'export', 'export.window', 'export.chain', 'export.gap', 'export.run'],
      ...[
        'resources.0',
        'resources.0.path',
        'resources.0.hash',
        'export.chain.previous',
        'export.chain.previous.artifact',
      ],
    );
    fc.assert(
      fc.property(paths, fc.jsonValue(), (path, value) => {
        let link: DeliveredExport;
        try {
          link = readDeliveredExport(changed(path, value), PLACE);
        } catch (error) {
          expect(error).toMatchObject({ name: 'ExportError', kind: 'destination' });
          return;
        }
        expect(link.window).toEqual(WINDOW);
        expect([link.files.length, link.copies.length]).toEqual([2, 3]);
      }),
    );
  });

  test('fields that no export depends on: may have any value', () => {
    for (const path of ['title', 'created', 'sources', 'export.requests', 'export.run', 'export.completeness']) {
      expect(readDeliveredExport(changed(path, null), PLACE).chained).toBe(true);
    }
  });
});
