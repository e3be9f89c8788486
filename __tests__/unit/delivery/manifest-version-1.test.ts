/** Exports as they were delivered before manifests had a version. */

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readCsv } from '../../../src/csv/read-csv.ts';
import { BranchHistory } from '../../../src/delivery/branch-history.ts';
import { commitExport } from '../../../src/delivery/commit.ts';
import { commitFolder, commitFolders } from '../../../src/delivery/commit-place.ts';
import { type DeliveredExport, readDeliveredExport } from '../../../src/delivery/delivered-export.ts';
import { fileInMemory } from '../../../src/delivery/github/blob.ts';
import { lookBack } from '../../../src/delivery/history.ts';
import { manifestOf } from '../../../src/delivery/manifest.ts';
import { type NextExport, nextExport } from '../../../src/delivery/next-export.ts';
import type { CommitTarget } from '../../../src/inputs/commit-target.ts';
import { readInputs } from '../../../src/inputs/inputs.ts';
import { type Loopback, REPOSITORY, startRepository, stillClock } from './delivered.ts';

const FIXTURES = new URL('../../fixtures/manifest-1/', import.meta.url);
const NOW = Date.UTC(2026, 9, 9);
const BRANCH = 'audit';
const [FIRST = '', SECOND = ''] = readdirSync(FIXTURES).sort();

const fileIn = (name: string, file: string): Buffer => readFileSync(new URL(`${name}/${file}`, FIXTURES));

const { request, delivery, run } = readInputs(
  {
    INPUT_VENDOR: 'datafold',
    INPUT_TOKEN: 'never-shown',
    INPUT_ORG: 'acme',
    'INPUT_BASE-URL': 'http://127.0.0.1:37843',
    INPUT_FROM: 'last-export',
    INPUT_DESTINATION: 'commit',
    INPUT_REPOSITORY: REPOSITORY,
    INPUT_SETTLE: 'PT0S',
  },
  () => {},
  async () => 'jwt',
  NOW,
);
const target = delivery.commit as CommitTarget;

let loopback: Loopback;
const clock = stillClock();
beforeAll(async () => {
  loopback = await startRepository(clock, () => undefined);
  const files = readdirSync(FIXTURES).flatMap((name) =>
    readdirSync(new URL(`${name}/`, FIXTURES)).map((file) => [name, file] as const),
  );
  loopback.server
    .repository(REPOSITORY)
    .commit(BRANCH, Object.fromEntries(files.map(([name, file]) => [`${folderOf(name)}/${file}`, fileIn(name, file)])));
});
afterAll(() => loopback.server.close());

const folderOf = (name: string): string => `audit-logs/datafold/acme/2026/10/${name}`;

/** The history of the branch, its last export, and the export that comes next. */
async function open() {
  const branch = await loopback.open({ branch: BRANCH });
  const history = new BranchHistory({ open: branch, ...commitFolders(request, target), scope: request.scope });
  const last = (await history.last()) as DeliveredExport;
  return { branch, history, last, next: nextExport(request, last, NOW) as NextExport };
}

describe('a delivered export whose manifest has no version', () => {
  test('the fixture is of version 1: counts are called cut, repeated and known', () => {
    const { export: about } = JSON.parse(String(fileIn(SECOND, 'datapackage.json')));
    expect(about).not.toHaveProperty('version');
    expect(about.events).toMatchObject({ received: 6, cut: 0, repeated: 0, known: 0, written: 6 });
  });

  test('on a branch: is found, and the next export starts where it ends', async () => {
    const { last, next } = await open();
    expect(last).toMatchObject({
      id: 'bb73a95d60a8aca892d5f9b501f43b9fdc2ac8448a1bac6fdc5cefb1aa8df356',
      window: { from: Date.UTC(2026, 9, 7), to: Date.UTC(2026, 9, 8) },
      before: { id: '8e82f123e3df2cb246c886113fe606d5c339cc076ecd110cc88ce5ba0aa7b04e' },
      chained: true,
      gap: false,
    });
    expect(next).toMatchObject({ window: { from: Date.UTC(2026, 9, 8), to: NOW }, previous: last, gap: null });
  });

  test('late events are looked for: its rows and those of the previous export are known', async () => {
    const { history, next } = await open();
    const overlapMs = 36 * 3_600_000;
    const notes: string[] = [];
    const asked = {
      history,
      next,
      overlapMs,
      vendor: request.vendor,
      now: NOW,
      note: (text: string) => notes.push(text),
    };
    const { fetchFrom, knownRows } = await lookBack(asked);
    expect([fetchFrom, notes]).toEqual([Date.UTC(2026, 9, 6, 12), []]);
    const { header, rows } = readCsv({ body: fileIn(SECOND, `${SECOND}.csv`), where: SECOND });
    expect(rows).toHaveLength(6);
    const ids = rows.map(({ cells }) => cells[header.indexOf('event_uuid')] ?? '');
    expect(ids.map((id) => knownRows?.consume(header, [], id))).toEqual(ids.map(() => true));
    expect(knownRows?.consume(header, [], 'an event that came late')).toBe(false);
  });

  test('the next export: is committed with a manifest of version 2 that names it as the previous one', async () => {
    const { branch, history, last, next } = await open();
    const csv = Buffer.from('event_uuid\r\n');
    const file = { path: '/t/a.csv', name: 'a.csv', rows: 0, bytes: csv.length, sha256: 'ab'.repeat(32) };
    const about = manifestOf({
      request,
      workflowRun: run.workflowRun,
      task: { ...next, fetchFrom: next.window.from },
      table: {
        files: [file],
        columns: ['event_uuid'],
        counts: { received: 0, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 0 },
        firstEvent: null,
        lastEvent: null,
        lateRows: [],
      },
      copies: [],
      exchanges: [],
      notes: [],
      createdAt: NOW,
    });
    expect(about).toMatchObject({ export: { version: 2, chain: { previous: { id: last.id, sha256: last.sha256 } } } });
    const manifest = Buffer.from(JSON.stringify(about));
    const receipt = await commitExport(branch, {
      folder: commitFolder(request, target, next),
      message: 'The next day',
      files: [fileInMemory('a.csv', csv), fileInMemory('datapackage.json', manifest)],
      link: readDeliveredExport(manifest, 'this run'),
      chain: { history, previous: last },
      serverUrl: 'https://github.com',
      clock,
      signal: new AbortController().signal,
    });
    expect(receipt).toMatchObject({ changed: true, folder: folderOf(next.name) });
    expect(FIRST < SECOND && SECOND < next.name).toBe(true);
  });
});
