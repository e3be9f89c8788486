import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sumOf } from '../../../bench/check.ts';
import { KeySummer } from '../../../bench/key-sum.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-check-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What the benchmark makes of a CSV. */
async function summed(csv: string, key = 'id') {
  const path = join(folder, 'out.csv');
  await writeFile(path, csv);
  return sumOf(path, key);
}

function sumOfKeys(...keys: string[]) {
  const summer = new KeySummer();
  for (const key of keys) summer.add(Buffer.from(key));
  return summer.total();
}

const WHOLE = 'time,id,text\r\n1,a-1,x\r\n2,a-2,"y, ""z""\r\nid,a-3"\r\n3,"ü ""q""",\r\n';
const KEYS = ['a-1', 'a-2', 'ü "q"'];

test.each([
  ['as this action writes', WHOLE],
  ['in another order', 'id,time\r\n"ü ""q""",3\r\na-2,2\r\na-1,1\r\n'],
  ['with line feeds alone', WHOLE.replaceAll('\r\n', '\n')],
  ['without a last line end', WHOLE.slice(0, -2)],
  ['with the key last', 'time,id\r\n1,a-1\r\n2,a-2\r\n3,"ü ""q"""\r\n'],
  ['all quoted, as jq has it', '"id"\n"a-1"\n"a-2"\n"ü ""q"""\n'],
  ['in `raw`', `time,raw\r\n${KEYS.map((id) => `1,"${JSON.stringify({ id }).replaceAll('"', '""')}"\r\n`).join('')}`],
])('the same events %s have the same sum', async (_, csv) => {
  expect(await summed(csv)).toMatchObject(sumOfKeys(...KEYS));
});

test.each([
  ['missing', ['a-1', 'a-2'], ['a-1']],
  ['doubled in place of another', ['a-1', 'a-2'], ['a-1', 'a-1']],
  ['another', ['a-1', 'a-2'], ['a-1', 'a-3']],
  ['cut', ['a-1', 'a-2'], ['a-1', 'a-']],
  ['two that have changed a character', ['a-1', 'b-2'], ['b-1', 'a-2']],
])('an event that is %s makes another sum', async (_, keys, found) => {
  const wanted = sumOfKeys(...keys);
  const { rows, sum } = await summed(`id\r\n${found.join('\r\n')}\r\n`);
  expect({ rows, sum }).not.toEqual(wanted);
});

test('cells that chunks of the file cut in two are whole', async () => {
  const keys = Array.from({ length: 300 }, (_, index) => `${index}-${'"x,\n'.repeat(1000)}`);
  const csv = `text,id\r\n${keys.map((key) => `,"${key.replaceAll('"', '""')}"\r\n`).join('')}`;
  expect(csv.length).toBeGreaterThan(1.2 * 2 ** 20);
  const { rows, sum, sha256 } = await summed(csv);
  expect({ rows, sum }).toEqual(sumOfKeys(...keys));
  expect(sha256).toBe(createHash('sha256').update(csv).digest('hex'));
});

test('a table without the key, and a row without it, are errors', async () => {
  await expect(summed('time,text\r\n1,x\r\n')).rejects.toThrow('No column id');
  await expect(summed('time,id\r\n1\r\n')).rejects.toThrow('A row ends before its key');
});
