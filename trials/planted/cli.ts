/** `npm run trial -- planted`: plants each bug of the list into a copy of the sources, and makes sure that its tests notice. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { BUGS, type PlantedBug } from './bugs.ts';

const ROOT = join(import.meta.dirname, '../..');
const COPIED = [
  'src',
  '__tests__',
  'sandbox',
  'trials',
  'bench',
  'scripts',
  'action.yml',
  'jest.config.js',
  'jest.strip-types.js',
  'package.json',
  'README.md',
  'docs',
  'tsconfig.json',
];

interface Verdict {
  readonly caught: boolean;
  /** The first test that failed, or what went wrong instead. */
  readonly by: string;
}

/** A copy of the project whose sources may be changed. */
function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'planted-'));
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Returns where a file of the project lies in a copy. */
const inCopy = (copy: string, path: string): string => join(copy, relative(ROOT, path));

async function plant(copy: string, { file, find, replace, caughtBy }: PlantedBug): Promise<Verdict> {
  const path = inCopy(copy, file);
  const sound = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    sound.replace(find, () => replace),
  );
  try {
    return await test(copy, caughtBy);
  } finally {
    writeFileSync(path, sound);
  }
}

/** Only a test that fails counts: a file that does not load proves nothing. */
async function test(copy: string, caughtBy: readonly string[]): Promise<Verdict> {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const files = caughtBy.map((path) => inCopy(copy, path));
  const jest = join(copy, 'node_modules/jest/bin/jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
  const child = spawn(
    process.execPath,
    [...flags, '--runInBand', '--forceExit', '--json', `--outputFile=${report}`, '--runTestsByPath', ...files],
    { cwd: copy, stdio: 'ignore' },
  );
  const [code, signal] = await once(child, 'exit');
  if (!existsSync(report)) return { caught: false, by: `jest ended without a report (${signal ?? code})` };
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed');
  if (failed !== undefined) return { caught: true, by: failed.fullName };
  const broken = testResults.find(({ status }) => status === 'failed');
  return {
    caught: false,
    by: broken === undefined ? 'all tests pass' : `a test file does not load: ${broken.message.slice(0, 300)}`,
  };
}

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

async function plantAll(bugs: readonly PlantedBug[]): Promise<number> {
  const left = [...bugs.entries()];
  let caught = 0;
  const work = async () => {
    const copy = copyProject();
    try {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [index, bug] = next;
        const verdict = await plant(copy, bug);
        if (verdict.caught) caught += 1;
        console.log(
          `${verdict.caught ? 'caught' : 'MISSED'} ${index + 1}: ${bug.name} (${relative(ROOT, bug.file)})\n       ${verdict.by}`,
        );
      }
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return caught;
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const bugs = BUGS.filter(
  ({ name, file }) => values.only === undefined || `${relative(ROOT, file)} ${name}`.includes(values.only),
);
const caught = await plantAll(bugs);
console.log(`${caught} of ${bugs.length} planted bugs were caught.`);
process.exitCode = caught === bugs.length && bugs.length > 0 ? 0 : 1;
