import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

const VENDORS = ['kosli', 'infisical', 'datafold', 'aitronos', 'codacy'];

let folder: string;
/** Folder in which the programs share their compile cache. */
let compiled: string;

interface Demo {
  readonly status: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

const demo = (args: readonly string[], out = 'out') =>
  new Promise<Demo>((resolve) => {
    const options = { maxBuffer: 2 ** 26, env: { ...process.env, NODE_COMPILE_CACHE: compiled } };
    const given = ['sandbox/demo.ts', '--out', join(folder, out), ...args];
    execFile(process.execPath, given, options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : (error.code ?? error.signal), stdout, stderr });
    });
  });

/** Returns the files of a vendor's export, with their content. */
async function exported(vendor: string, out = 'out'): Promise<Map<string, Buffer>> {
  const [name = '', summary, ...rest] = (await readdir(join(folder, out, vendor))).sort();
  expect([summary, rest]).toEqual(['summary.md', []]);
  expect(await readFile(join(folder, out, vendor, 'summary.md'), 'utf8')).toContain(': complete');
  const files = await readdir(join(folder, out, vendor, name));
  expect(files.sort()).toEqual(['SHA256SUMS', `${name}.csv`, 'datapackage.json'].sort());
  const read = async (file: string) =>
    [file.replace(name, 'export'), await readFile(join(folder, out, vendor, name, file))] as const;
  return new Map(await Promise.all(files.map(read)));
}

beforeAll(async () => {
  compiled = await mkdtemp(join(tmpdir(), 'compiled-'));
});
afterAll(() => rm(compiled, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the demo: exports from five vendors, the same bytes each time, other bytes with another seed', async () => {
  const args = ['--events', '300'];
  const [first, again] = await Promise.all([demo(args), demo([...args, '--vendor', 'codacy'], 'again')]);
  expect(first.stderr).toBe('');
  expect(first.status).toBe(0);
  for (const vendor of VENDORS) expect(first.stdout).toMatch(new RegExp(`^${vendor} .* exact$`, 'm'));
  const csvs = new Map<string, Buffer | undefined>();
  for (const vendor of VENDORS) {
    const files = await exported(vendor);
    const csv = files.get('export.csv') ?? Buffer.of();
    csvs.set(vendor, csv);
    expect(String(files.get('SHA256SUMS'))).toContain(createHash('sha256').update(csv).digest('hex'));
    expect(csv.length).toBeGreaterThan(10_000);
  }

  expect(again.status).toBe(0);
  expect((await exported('codacy', 'again')).get('export.csv')).toEqual(csvs.get('codacy'));

  // Of one vendor alone, and nothing is left of the others.
  expect((await demo([...args, '--vendor', 'codacy', '--seed', '2'], 'again')).status).toBe(0);
  expect((await exported('codacy', 'again')).get('export.csv')).not.toEqual(csvs.get('codacy'));
  expect(await readdir(join(folder, 'again'))).toEqual(['codacy']);
}, 120_000);

test('the demo with commits: the clone has an export a day, whole for git and SHA256SUMS', async () => {
  const args = ['--destination', 'commit', '--vendor', 'kosli', '--events', '200'];
  const { status, stdout, stderr } = await demo(args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^kosli .* exact$/m);
  const clone = join(folder, 'out', 'repository');
  const git = (...command: string[]) => execFileSync('git', ['-C', clone, ...command], { encoding: 'utf8' });
  expect(git('log', '--format=%s').trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^Audit log: kosli acme .* \(\d+ events\)$/),
    expect.stringMatching(/^Audit log: kosli acme /),
    expect.stringMatching(/^Audit log: kosli acme /),
  ]);
  git('fsck', '--strict');
  const sums = git('ls-files', '*/SHA256SUMS').trimEnd().split('\n');
  expect(sums).toHaveLength(3);
  for (const path of sums) execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: join(clone, path, '..') });
});

test('a program that leaves events out: fails the demo', async () => {
  const bundle = pathToFileURL(join(process.cwd(), 'dist/index.js')).href;
  const later = 'new Date(Date.parse(process.env.INPUT_FROM) + 3_600_000).toISOString()';
  await writeFile(join(folder, 'short.mjs'), `process.env.INPUT_FROM = ${later};\nawait import('${bundle}');\n`);
  const args = ['--vendor', 'infisical', '--events', '300', '--bundle', join(folder, 'short.mjs')];
  const { status, stdout } = await demo(args);
  expect(status).toBe(1);
  expect(stdout).toMatch(
    /^infisical .* DIFFERS: the output `row-count` is 29\d, not 300; \d of 300 events have no row$/m,
  );
});

test('a program that fails: fails the demo', async () => {
  await writeFile(join(folder, 'broken.mjs'), 'process.exit(1);\n');
  const args = ['--vendor', 'kosli', '--events', '20', '--bundle', join(folder, 'broken.mjs')];
  const { status, stdout } = await demo(args);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^kosli .* DIFFERS: the action failed$/m);
});

test.each([
  [['--vendor', 'infisicl'], '--vendor infisicl: not one of kosli, infisical, datafold, aitronos, codacy'],
  [['--events', '1e3'], '--events 1e3: not a whole number from 0 to 1000000'],
  [['--destination', 'moon'], '--destination moon: not one of artifact, commit'],
  [['--event', '5'], "Unknown option '--event'"],
])('the arguments %j: fail the demo', async (args, message) => {
  const { status, stdout, stderr } = await demo(args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(message);
});
