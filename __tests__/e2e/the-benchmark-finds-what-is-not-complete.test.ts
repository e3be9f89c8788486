/** A sample of `npm run bench -- --quick`: nothing here is about time. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bench = (...args: string[]) =>
  new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, ['bench/bench.ts', '--quick', ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });

test('the quick benchmark: every way of exporting has every event', async () => {
  const { code, stdout, stderr } = await bench('--vendor', 'infisical', '--only', 'throughput');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.split('\n').filter((line) => line.startsWith('throughput infisical 1,500, round 1, '));
  expect(lines).toHaveLength(6);
  // A machine without curl or jq has that said, and no more.
  const failed = lines.filter((line) => !/: \d+\.\d+ s, user .* MiB$/.test(line));
  expect(failed.every((line) => line.includes('curl + jq:') && line.includes('not found'))).toBe(true);
  expect(stdout).toContain('Every output is complete.');
});

test('a program that leaves events out: fails the benchmark', async () => {
  const bundle = pathToFileURL(join(process.cwd(), 'dist/index.js')).href;
  const later = 'new Date(Date.parse(process.env.INPUT_FROM) + 86_400_000).toISOString()';
  await writeFile(join(folder, 'short.mjs'), `process.env.INPUT_FROM = ${later};\nawait import('${bundle}');\n`);
  const args = ['--vendor', 'infisical', '--only', 'limit', '--events', '300', '--bundle', join(folder, 'short.mjs')];
  const { code, stdout } = await bench(...args);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^WRONG: limit infisical 300, this action: INCOMPLETE: 2\d\d rows, not 301$/m);
});
