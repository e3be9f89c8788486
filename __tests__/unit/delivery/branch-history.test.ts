import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Fault, SandboxRequest } from '../../../sandbox/server.ts';
import { BranchHistory } from '../../../src/delivery/branch-history.ts';
import type { DeliveredExport } from '../../../src/delivery/delivered-export.ts';
import { MANIFEST, SUMS } from '../../../src/delivery/evidence.ts';
import type { OpenBranch } from '../../../src/delivery/github/branch.ts';
import { INSTANT_IN_NAME } from '../../../src/delivery/names.ts';
import { compactInstant } from '../../../src/time/instant.ts';
import {
  answered,
  day,
  type Export,
  exportOf,
  type Loopback,
  lineOf,
  REPOSITORY,
  startRepository,
  stillClock,
} from './delivered.ts';

let loopback: Loopback;
let meanwhile: (request: SandboxRequest) => Fault | undefined;
beforeAll(async () => {
  loopback = await startRepository(stillClock(), (request) => meanwhile(request));
});
afterAll(() => loopback.server.close());

let branches = 0;
let branch: OpenBranch;
/** Each test has a branch of its own. */
beforeEach(async () => {
  meanwhile = () => undefined;
  branch = await loopback.open({ branch: `audit-${++branches}` });
});

const folderOf = (n: number, suffix = ''): string => `logs/${compactInstant(day(n).to)}${suffix}`;
const placeOf = (folder: string): string => `${folder} on branch ${branch.branch} of ${REPOSITORY}`;

/** Somebody commits these files: exports by the folders that they are in, or single ones by their paths. */
function commit(files: Readonly<Record<string, Export | string | null>>): void {
  const content: Record<string, Buffer | string | null> = {};
  for (const [path, one] of Object.entries(files)) {
    if (typeof one === 'string' || one === null) content[path] = one;
    else Object.assign(content, one.below(path));
  }
  loopback.server.repository(REPOSITORY).commit(branch.branch, content);
}

const historyOf = (more: Partial<ConstructorParameters<typeof BranchHistory>[0]> = {}) =>
  new BranchHistory({
    open: branch,
    prefix: ['logs'],
    pattern: new RegExp(`^logs/(?<to>${INSTANT_IN_NAME})$`),
    scope: exportOf().scope,
    ...more,
  });

/** Three days, each going on from the one before. */
function chain(): [Export, Export, Export] {
  const first = exportOf();
  const second = exportOf({ window: day(2), last: first.link });
  return [first, second, exportOf({ window: day(3), last: second.link })];
}

const damaged = (folder: string, what: string) => ({
  kind: 'destination',
  message: `The last export is damaged: ${what}.`,
  where: placeOf(folder),
  next: expect.stringContaining('Restore it'),
});

describe('BranchHistory.last', () => {
  test('exports in any order: returns the one whose window ends last', async () => {
    const [first, second, third] = chain();
    expect(await historyOf().last()).toBeNull();
    commit({ [folderOf(3)]: third, [folderOf(1)]: first });
    commit({ [folderOf(2)]: second });
    expect(await historyOf().last()).toEqual({ ...third.link, place: placeOf(folderOf(3)) });
  });

  test('several revisions with one end: returns the latest revision', async () => {
    const revisions = [1, 2, 10].map((n) => exportOf({ createdAt: day(1).to + n }));
    const [one, two, ten] = revisions as [Export, Export, Export];
    commit({ [folderOf(1)]: one, [folderOf(1, '-r2')]: two, [folderOf(1, '-r10')]: ten });
    expect(await historyOf().last()).toMatchObject({ id: ten.link.id, place: placeOf(folderOf(1, '-r10')) });
  });

  test("a template without `{to}`: finds the end of the window in the export's name", async () => {
    const [first] = chain();
    commit({ [`logs/acme-${compactInstant(day(1).from)}-${compactInstant(day(1).to)}`]: first });
    const pattern = new RegExp(`^logs/(?<export>acme-${INSTANT_IN_NAME}-${INSTANT_IN_NAME})$`);
    expect(await historyOf({ pattern }).last()).toMatchObject({ id: first.link.id });
  });

  test('exports of other scopes, or of no chain: are ignored', async () => {
    const [first] = chain();
    commit({
      [folderOf(1)]: first,
      [folderOf(2)]: exportOf({ window: day(2), inputs: { filters: 'actor: a' } }),
      [folderOf(3)]: exportOf({ window: day(3), inputs: { from: 'P1D' } }),
    });
    expect(await historyOf().last()).toMatchObject({ id: first.link.id });
  });

  test('folders that do not match the template, or hold no files of an export: are ignored', async () => {
    const [first, second, third] = chain();
    commit({
      [folderOf(1)]: first,
      'other/20261122T000000Z': second,
      'logs/20261123T000000Z/deeper': third,
      'logs/notes': third,
      'logs/99999999T000000Z': third,
      [`${folderOf(4)}/README.md`]: 'no export',
    });
    expect(await historyOf().last()).toMatchObject({ id: first.link.id });
  });

  test.each(['logs', 'logs-of-others'])('a file %s where the prefix folder should be: returns null', async (path) => {
    commit({ [path]: 'a file' });
    expect(await historyOf().last()).toBeNull();
  });

  test('asked twice: searches the tree again only after the branch has moved', async () => {
    const [first, second] = chain();
    const history = historyOf();
    commit({ [folderOf(1)]: first });
    expect(await history.last()).toMatchObject({ id: first.link.id });
    const before = loopback.server.requests.length;
    expect(await history.last()).toMatchObject({ id: first.link.id });
    // Where the branch is: nothing else is asked again.
    expect(loopback.server.requests.slice(before).map(lineOf)).toEqual([`GET /git/ref/heads/${branch.branch}`]);
    commit({ [folderOf(2)]: second });
    expect(await history.last()).toMatchObject({ id: second.link.id });
  });
});

describe('BranchHistory.last with a damaged export', () => {
  test.each<[what: string, file: string]>([
    [`${MANIFEST} is missing`, MANIFEST],
    [`${SUMS} is missing`, SUMS],
    ['a.csv is missing or of another size', 'a.csv'],
  ])('%s: throws `destination` instead of taking the export for missing', async (what, file) => {
    commit({ [folderOf(1)]: exportOf() });
    commit({ [`${folderOf(1)}/${file}`]: null });
    await expect(historyOf().last()).rejects.toMatchObject(damaged(folderOf(1), what));
  });

  test.each<[what: string, file: string, content: string]>([
    ['its manifest cannot be read', MANIFEST, '{}'],
    [`${SUMS} does not agree with its manifest`, SUMS, ''],
    ['a.csv is missing or of another size', 'a.csv', 'id\r\n'],
  ])('a changed file, %s: throws `destination`', async (what, file, content) => {
    commit({ [folderOf(1)]: exportOf(), [`${folderOf(1)}/${file}`]: content });
    await expect(historyOf().last()).rejects.toMatchObject(damaged(folderOf(1), what));
  });

  test('damaged after an earlier search found it whole: throws `destination`', async () => {
    const history = historyOf();
    commit({ [folderOf(1)]: exportOf() });
    await history.last();
    commit({ [`${folderOf(1)}/a.csv`]: 'id\r\n' });
    await expect(history.last()).rejects.toMatchObject({ kind: 'destination' });
  });
});

describe('BranchHistory.before', () => {
  async function delivered() {
    const [first, second, third] = chain();
    commit({ [folderOf(1)]: first, [folderOf(2)]: second, [folderOf(3)]: third });
    const history = historyOf();
    return { history, first, second, third: (await history.last()) as DeliveredExport };
  }

  test('a chain of three: returns each previous export, and null for the first', async () => {
    const { history, first, second, third } = await delivered();
    const before = (await history.before(third)) as DeliveredExport;
    expect(before).toMatchObject({ id: second.link.id, place: placeOf(folderOf(2)) });
    expect(await history.before(before)).toMatchObject({ id: first.link.id });
    expect(await history.before(first.link)).toBeNull();
  });

  test.each<[string, object]>([
    ['another id', { id: 'other' }],
    ['another manifest', { sha256: 'other' }],
  ])('the export there has %s: returns null', async (_, other) => {
    const { history, third } = await delivered();
    expect(await history.before({ ...third, before: { ...(third.before as DeliveredExport), ...other } })).toBeNull();
  });

  test('an export whose window ends after the asked one starts: is not its previous export', async () => {
    const { history, second, third } = await delivered();
    expect(await history.before({ ...third, window: day(1) })).toBeNull();
    expect(await history.before({ ...third, window: day(3) })).toMatchObject({ id: second.link.id });
  });
});

describe('BranchHistory.read', () => {
  test('a file: is returned where it has the digest of its manifest, else throws `destination`', async () => {
    commit({ [folderOf(1)]: exportOf({ csvs: { 'a.csv': 'id\r\n7\r\n' } }) });
    const history = historyOf();
    const last = (await history.last()) as DeliveredExport;
    const [file] = last.files as [DeliveredExport['files'][number]];
    expect(String(await history.read(last, file))).toBe('id\r\n7\r\n');
    await expect(history.read(last, { ...file, sha256: 'f'.repeat(64) })).rejects.toMatchObject(
      damaged(folderOf(1), 'a.csv is not what its manifest says'),
    );
    await expect(history.read(last, { ...file, name: 'b.csv' })).rejects.toMatchObject(
      damaged(folderOf(1), 'b.csv is missing'),
    );
  });
});

describe('BranchHistory where GitHub refuses', () => {
  test.each<[string, RegExp]>([
    ['the tree of the last export', /^GET \/git\/trees/],
    ['the blob of its manifest', /^GET \/git\/blobs/],
  ])('%s is refused: throws an error with the way out', async (_, pattern) => {
    commit({ [folderOf(1)]: exportOf() });
    meanwhile = (request) => (pattern.test(lineOf(request)) ? answered(403, { message: 'No.' }) : undefined);
    await expect(historyOf().last()).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringContaining(`may not read ${REPOSITORY}`),
      next: expect.stringContaining('contents: write'),
    });
  });

  test('reading a file or the previous export is refused: throws an error with the way out', async () => {
    const [first, second] = chain();
    commit({ [folderOf(1)]: first, [folderOf(2)]: second });
    const history = historyOf();
    const last = (await history.last()) as DeliveredExport;
    meanwhile = () => answered(403, { message: 'No.' });
    await expect(history.before(last)).rejects.toMatchObject({ kind: 'auth' });
    await expect(history.read(last, last.files[0] as DeliveredExport['files'][number])).rejects.toMatchObject({
      kind: 'auth',
    });
  });
});
