/** A full disk, as the kernel says it of a file that is too large, and at other steps as `trials/kill/disk.ts` says it. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeLedger } from '../../sandbox/ledger.ts';
import { preloaded } from '../../trials/kill/kill.ts';
import { expectRed, folder, run, vendor, WEEK } from './scenario.ts';

const NAME = 'datafold-20261005T000000Z-20261012T000000Z';
const NEXT = 'Check the space and the health of the disk of the runner';

/** A run into the folder `logs` of a workspace. */
async function write(events: number, given: { readonly fileBlocks?: number; readonly fullFrom?: string }) {
  const workspace = await folder();
  const server = await vendor('datafold', {
    events: makeLedger({ vendor: 'datafold', seed: 5, events, window: WEEK }),
  });
  const { fileBlocks, fullFrom } = given;
  const ran = await run({
    vendor: 'datafold',
    server,
    workspace,
    with: { destination: 'file', path: 'logs' },
    ...(fileBlocks !== undefined && { fileBlocks }),
    ...(fullFrom !== undefined && { env: { ...preloaded, DISK_AT: fullFrom, DISK_HOW: 'full' } }),
  });
  return { ran, logs: await readdir(join(workspace, 'logs')) };
}

test.each([
  ['the table', 400, `${NAME}.csv`],
  ['the manifest', 3, 'datapackage.json'],
])('a file size that the kernel refuses: ends red before %s is there', async (_, events, file) => {
  const { ran, logs } = await write(events, { fileBlocks: 8 });
  expectRed(ran, { what: 'The export cannot be written (EFBIG).', where: `/${file}`, next: NEXT });
  expect(logs).toEqual([]);
});

test('disk full while writing the sums: ends red, and leaves nothing', async () => {
  const { ran, logs } = await write(3, { fullFrom: 'SHA256SUMS' });
  expect(ran.annotations).toMatchObject([
    { level: 'warning', title: 'No job summary' },
    {
      level: 'error',
      message: expect.stringMatching(/^The export cannot be written \(ENOSPC\)\.\nWhere: .*SHA256SUMS\n/),
    },
  ]);
  expect(ran.exitCode).toBe(1);
  expect(logs).toEqual([]);
});

test('disk full while writing the outputs: ends red, and says what was delivered', async () => {
  // The export has its name, and what comes next are the outputs.
  const { ran, logs } = await write(3, { fullFrom: '^rename .*partial-[0-9a-f]{6}$' });
  const [, error] = ran.annotations;
  expect(error?.message).toMatch(/^The output `csv-path` cannot be written \(ENOSPC\)\.\nWhere: .*set_output\nNext: /);
  expect(error?.message).toContain('Exports that the log calls complete were delivered all the same.');
  expect(ran.log).toContain('Complete: 3 events of Datafold');
  expect(ran.exitCode).toBe(1);
  expect(logs).toEqual([NAME]);
});

test('disk full while writing the summary: warns, and the export is delivered', async () => {
  const { ran, logs } = await write(3, { fullFrom: 'step_summary' });
  expect(ran).toMatchObject({ exitCode: 0, stderr: '', succeeded: true });
  expect(ran.outputs).toMatchObject({ 'row-count': '3' });
  expect(ran.annotations).toMatchObject([{ level: 'warning', title: 'No job summary' }]);
  expect(logs).toEqual([NAME]);
});
