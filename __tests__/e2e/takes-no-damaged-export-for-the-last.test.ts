import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SandboxServer } from '../../sandbox/server.ts';
import { ExportError } from '../../src/base/errors.ts';
import { hurried, runHere } from './in-process.ts';
import { tableOf } from './ledger-table.ts';
import { expectFolder } from './repository.ts';
import { expectGreen, expectRed, folder, smallLedger, WEEK } from './scenario.ts';
import {
  artifactStore,
  commitStore,
  DAY,
  exportTo,
  FORK_RUN,
  growing,
  type Inputs,
  instant,
  nextRun,
  onward,
  openShelf,
  previous,
  type Shelf,
  type Store,
  sha256,
} from './stores.ts';

const events = smallLedger('datafold');
const NONE = new Set<never>();
const [ONE = 0, TWO = 0, THREE = 0] = [2, 3, 7].map((day) => WEEK.from + day * DAY);

let shelf: Shelf;
beforeAll(async () => {
  shelf = await openShelf();
});
afterAll(() => shelf.close());

interface Damage {
  readonly file: string;
  /** null: the file is gone. */
  readonly change: (text: string) => string | null;
  /** Whether `SHA256SUMS` is made to agree. */
  readonly sums?: boolean;
  readonly says: string;
}

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a manifest that is no JSON': {
    file: 'datapackage.json',
    change: () => '{',
    says: 'its manifest cannot be read',
  },
  'a manifest without a window': {
    file: 'datapackage.json',
    change: (text) => text.replace('"window"', '"widow"'),
    sums: true,
    says: 'its manifest cannot be read',
  },
  'no manifest': { file: 'datapackage.json', change: () => null, says: 'is missing' },
  'no CSV': { file: '.csv', change: () => null, says: 'is missing' },
  'a CSV that somebody changed': {
    file: '.csv',
    change: (text) => text.replace('create', 'delete'),
    says: 'is not what its manifest says',
  },
  'no SHA256SUMS': { file: 'SHA256SUMS', change: () => null, says: 'SHA256SUMS is missing' },
  'a SHA256SUMS that somebody changed': {
    file: 'SHA256SUMS',
    change: (text) => text.replace(/^./, 'x'),
    says: 'SHA256SUMS does not agree with its manifest',
  },
  'a window that ends in the future': {
    file: 'datapackage.json',
    change: (text) => text.replace(/"to": "2026(?=[^"]*",\s+"interval")/, '"to": "2099'),
    sums: true,
    says: 'it ends in the future',
  },
};

interface Said {
  readonly what: string;
  readonly where: string;
  readonly next: string;
}

/** Makes a run that must fail, and returns its error. */
type Attempt = (store: Store, server: SandboxServer, inputs: Inputs) => Promise<Said>;

const aStep: Attempt = async (store, server, inputs) => {
  const ran = await exportTo(store, server, inputs);
  expectRed(ran, { what: '', where: '', next: '' });
  const [what = '', where = '', next = ''] = ran.annotations[0]?.message.split('\n') ?? [];
  return { what, where: where.slice('Where: '.length), next: next.slice('Next: '.length) };
};

/** Runs in this process: a process of its own would take most of the time. */
const here: Attempt = async (store, server, inputs) => {
  const { github } = store.given();
  const given = { ...store.inputs, ...inputs };
  const { error, left } = await runHere({ vendor: 'datafold', server, github, with: given, clock: hurried(50) });
  expect(error).toBeInstanceOf(ExportError);
  expect(left).toEqual([]);
  const { message, where = '', next } = error as ExportError;
  return { what: message, where, next };
};

/** An artifact is read by the same rooms as a branch, but for which files are there. */
const OF_ARTIFACTS = ['a manifest that is no JSON', 'no manifest', 'a CSV that somebody changed', 'no SHA256SUMS'];

describe.each([
  ['commit', commitStore, Object.keys(DAMAGES), here, / on branch main of octo-org\/octo-repo$/],
  ['artifact', () => artifactStore(shelf), OF_ARTIFACTS, aStep, /^artifact datafold-acme-\d+-[0-9a-f]{8} of run \d+$/],
] as const)('a damaged last export, delivered as %s', (_, open, damages, attempt, where) => {
  test('any damage: ends red with what to do, and doing it helps', async () => {
    const server = await growing(events, NONE);
    const store = await open();
    for (const to of [ONE, TWO]) expectGreen(await exportTo(store, server, onward(to)));
    const [, whole = ''] = await store.exports();
    for (const [what, damage] of Object.entries(DAMAGES)) {
      if (!damages.includes(what)) continue;
      const broken = await folder();
      await cp(whole, broken, { recursive: true });
      await spoil(broken, damage);
      await store.replaceLast(broken);
      expect([what, await attempt(store, server, onward(THREE))]).toEqual([
        what,
        {
          what: expect.stringMatching(`^The last export is damaged: .*${damage.says}`),
          where: expect.stringMatching(where),
          next: 'Restore it as it was delivered, or remove it whole: the next run then goes on from the export before it.',
        },
      ]);
    }
    // Restored, it is the last one as if nothing had been.
    await store.replaceLast(whole);
    const restored = await exportTo(store, server, onward(TWO));
    expect(restored.annotations).toMatchObject([{ title: 'Nothing new' }]);
    await store.replaceLast(null);
    const ran = await exportTo(store, server, onward(THREE));
    expectGreen(ran);
    expect(ran.outputs).toMatchObject({ from: instant(ONE), to: instant(THREE) });
    const [first = '', last = ''] = await store.exports();
    const { manifest } = await expectFolder(last, tableOf('datafold', events, { from: ONE, to: THREE }));
    expect(manifest.export.chain).toMatchObject({ previous: await previous(first) });
  });
});

async function spoil(path: string, { file, change, sums = false }: Damage): Promise<void> {
  const name = (await readdir(path)).find((one) => one.endsWith(file)) ?? '';
  const before = await readFile(join(path, name), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  if (after === null) return rm(join(path, name));
  await writeFile(join(path, name), after);
  if (!sums) return;
  const list = await readFile(join(path, 'SHA256SUMS'), 'utf8');
  const [old = '', fresh = ''] = [before, after].map((text) => sha256(Buffer.from(text)));
  await writeFile(join(path, 'SHA256SUMS'), list.replace(old, fresh));
}

describe('from: last-export with artifacts', () => {
  test('artifacts of a re-run: are found under their own names', async () => {
    const server = await growing(events, NONE);
    const store = await artifactStore(shelf);
    const runId = nextRun();
    for (const [from, to, id] of [
      [WEEK.from, ONE, runId] as const,
      [ONE, TWO, runId] as const,
      [TWO, THREE] as const,
    ]) {
      const ran = await exportTo(store, server, onward(to), id);
      expectGreen(ran);
      expect(ran.outputs).toMatchObject({ from: instant(from), to: instant(to) });
    }
    const names = shelf.results
      .artifacts()
      .slice(-3)
      .map(({ name }) => name);
    expect(names).toEqual([names[0], `${names[0]}-2`, names[0]]);
  });

  test('later artifacts of a run whose first one was removed: are found', async () => {
    const { results } = shelf;
    const server = await growing(events, NONE);
    const store = await artifactStore(shelf);
    const there = results.artifacts().length;
    expectGreen(await exportTo(store, server, onward(TWO, { 'max-window': 'P1D' })));
    const [first, ...others] = results.artifacts().slice(there);
    expect(others).toHaveLength(2);
    await results.remove(first?.id ?? 0);
    const ran = await exportTo(store, server, onward(THREE));
    expectGreen(ran);
    expect(ran.outputs['from']).toBe(instant(TWO));
  });

  test('artifacts of forks: are ignored', async () => {
    const { results, client } = shelf;
    const server = await growing(events, NONE);
    const store = await artifactStore(shelf);
    expectGreen(await exportTo(store, server, onward(ONE)));
    const { name = '' } = results.artifacts().at(-1) ?? {};
    const forged = await folder();
    const manifest = join(forged, 'datapackage.json');
    await writeFile(manifest, '{}');
    const [uploaded] = await client.call(results.run(FORK_RUN), ['uploadArtifact', name, [manifest], forged, {}]);
    expect(uploaded).toMatchObject({ id: expect.any(Number) });
    const ran = await exportTo(store, server, onward(THREE));
    expectGreen(ran);
    expect(ran.outputs['from']).toBe(instant(ONE));
  });

  test('expired artifacts: the last one ends the step red, an earlier one ends the search', async () => {
    const { results } = shelf;
    const server = await growing(events, NONE);
    const store = await artifactStore(shelf);
    const long = { overlap: 'P5D' };
    expectGreen(await exportTo(store, server, onward(ONE, long)));
    await results.expire(results.artifacts().at(-1)?.id ?? 0);
    expectRed(await exportTo(store, server, onward(TWO, long)), {
      what: 'The last export has expired, so where it ended cannot be read any more.',
      where: /artifact datafold-acme-\d+-[0-9a-f]{8} of run \d+/,
      next: 'start anew with `initial-from` set to it and another `artifact-name`',
    });

    const anew = { ...long, 'initial-from': instant(ONE), 'artifact-name': 'anew' };
    expectGreen(await exportTo(store, server, onward(ONE + DAY / 2, anew)));
    const before = results.artifacts().at(-1)?.id ?? 0;
    expectGreen(await exportTo(store, server, onward(TWO, anew)));
    await results.expire(before);
    const last = await exportTo(store, server, onward(THREE, anew));
    expectGreen(last);
    expect(last.outputs).toMatchObject({ from: instant(TWO), 'late-count': '0' });
    expect(last.summary).toMatch(/Late events were looked for from .* on.* the export before is no longer there/);
  });
});
