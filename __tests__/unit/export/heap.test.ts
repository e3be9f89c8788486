import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

/** Makes objects of which few live long, and says how large the heap for new ones has become, in MiB. */
const program = (calls: boolean) => `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { limitNewSpace } from ${JSON.stringify(new URL('../../../src/export/heap.ts', import.meta.url).href)};
  let kept = [];
  for (let index = 0; index < 6e6; index++) {
    const made = { index, text: 'x' + index };
    if (index % 20 === 0) kept.push(made);
    if (kept.length > 20_000) kept = [];
    if (${calls} && index % 1000 === 0) limitNewSpace();
  }
  const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  console.log(space_size / 2 ** 20);`;

async function newSpaceOf(calls: boolean): Promise<number> {
  const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program(calls)];
  return Number((await promisify(execFile)(process.execPath, options)).stdout);
}

test('limitNewSpace: the heap for new objects stays at 16 MiB, and grows further without it', async () => {
  const [limited, unlimited] = await Promise.all([newSpaceOf(true), newSpaceOf(false)]);
  expect(limited).toBe(16);
  expect(unlimited).toBeGreaterThan(limited);
});
