import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runAction } from '../../../sandbox/runner.ts';

let folder: string;
let pid: number | null = null;

function serve(...args: string[]) {
  const env = { ...process.env, GITHUB_OUTPUT: join(folder, 'output') };
  return spawnSync(process.execPath, ['scripts/serve-sandbox.ts', ...args], { env, encoding: 'utf8' });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-'));
  await writeFile(join(folder, 'output'), '');
});
afterEach(async () => {
  if (pid !== null) process.kill(pid);
  pid = null;
  await rm(folder, { recursive: true });
});

test.each(['kosli', 'codacy'])(
  'serve-sandbox: the vendor %s goes on serving for the steps that follow',
  async (vendor) => {
    expect(serve(vendor, '200')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const lines = (await readFile(join(folder, 'output'), 'utf8')).trimEnd().split('\n');
    const facts = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
    pid = Number(facts.pid);
    const { token, org, from, to, origin } = facts;
    const run = await runAction({ with: { vendor, token, org, from, to, 'base-url': origin, destination: 'file' } });
    expect(run.succeeded).toBe(true);
    expect(run.outputs['row-count']).toBe(facts.events);
  },
);

test('serve-sandbox: a vendor that does not exist is refused', () => {
  const { status, stderr } = serve('kosly');
  expect([status, stderr]).toEqual([
    1,
    'node scripts/serve-sandbox.ts kosli|infisical|datafold|aitronos|codacy [events]\n',
  ]);
});
