/** The oracle of `npm run trial -- chaos` has to notice what it is there for. */

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LedgerEvent } from '../../../sandbox/ledger.ts';
import { ExportError } from '../../../src/base/errors.ts';
import { FAULTS, WORLDS } from '../../../trials/chaos/kinds.ts';
import { flawsOfExport, flawsOfFailure } from '../../../trials/chaos/oracle.ts';
import { planOf } from '../../../trials/chaos/plan.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oracle-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const event = (name: string): LedgerEvent => ({ time: 0, fields: { name, note: 'a, "b"' }, hidden: {} });
const table = {
  header: ['name', 'note'],
  row: ({ fields }: LedgerEvent) => [String(fields['name']), String(fields['note'])],
};
const [one, two, late] = ['one', 'two', 'late'].map(event) as [LedgerEvent, LedgerEvent, LedgerEvent];
const held = { always: [one, one, two], sometimes: [late] };
const line = (name: string) => `${name},"a, ""b"""`;

/** The flaws of an export with these lines of CSV. */
async function flawsOf(lines: readonly string[], { rows = lines.length - 1, sum = '' } = {}): Promise<string[]> {
  const csv = `${lines.join('\r\n')}\r\n`;
  await writeFile(join(folder, 'a.csv'), csv);
  const sha256 = sum || createHash('sha256').update(csv).digest('hex');
  await writeFile(join(folder, 'SHA256SUMS'), `${sha256}  a.csv\n`);
  return flawsOfExport({ 'export-path': folder, 'row-count': String(rows) }, table, held);
}

describe('oracle of chaos, an export', () => {
  test.each([
    ['without what came and went', ['name,note', line('two'), line('one'), line('one')]],
    ['with it', ['name,note', line('one'), line('one'), line('late'), line('two')]],
  ])('with every event as often as it happened, %s: has no flaw', async (_, lines) => {
    expect(await flawsOf(lines)).toEqual([]);
  });

  test.each([
    ['lacks an event', ['name,note', line('one'), line('two')], 'have no row'],
    ['has one twice', ['name,note', line('one'), line('one'), line('two'), line('two')], 'belong to no event'],
    ['has what came and went twice', ['name,note', ...['one', 'one', 'two', 'late', 'late'].map(line)], 'no event'],
    ['has a cell changed', ['name,note', line('one'), line('one'), 'two,"a, b"'], 'belong to no event'],
    ['has another header', ['name,remark', line('one'), line('one'), line('two')], 'the header is'],
  ])('that %s: has a flaw', async (_, lines, flaw) => {
    expect((await flawsOf(lines)).join('; ')).toContain(flaw);
  });

  const whole = ['name,note', line('one'), line('one'), line('two')];

  test('with another number of rows, or another sum: has a flaw', async () => {
    expect(await flawsOf(whole, { rows: 4 })).toEqual([expect.stringContaining('row-count')]);
    expect(await flawsOf(whole, { sum: '0'.repeat(64) })).toEqual([expect.stringContaining('the sum of a.csv')]);
  });
});

describe('oracle of chaos, a failure', () => {
  const error = new ExportError('auth', 'refused', { next: 'look at the token' });

  test('of an expected kind, with empty folders left: has no flaw', async () => {
    await mkdir(join(folder, 'work', 'out'), { recursive: true });
    expect(await flawsOfFailure(error, new Set(['auth', 'protocol']), folder)).toEqual([]);
  });

  test('of another kind, not an ExportError, or with a file left: has a flaw', async () => {
    expect(await flawsOfFailure(error, new Set(['protocol']), folder)).toEqual([expect.stringContaining('ended in')]);
    expect(await flawsOfFailure(new TypeError('x'), new Set(['auth']), folder)).toEqual([
      expect.stringContaining('not an error of ours'),
    ]);
    await mkdir(join(folder, 'temp'));
    await writeFile(join(folder, 'temp', 'a.csv.partial'), '');
    expect(await flawsOfFailure(error, new Set(['auth']), folder)).toEqual(['left behind: a.csv.partial']);
  });
});

test('plan of chaos: kinds of faults have different names, and a seed always means one plan', () => {
  const names = [...FAULTS, ...WORLDS].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(planOf('codacy', 12).schedule).toEqual(planOf('codacy', 12).schedule);
  expect(planOf('codacy', 12).scenario.events).toEqual(planOf('codacy', 12).scenario.events);
});
