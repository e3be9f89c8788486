import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, expect } from '@jest/globals';
import { ExportError } from '../../src/base/errors.ts';
import { main } from '../../src/main.ts';
import type { Runner } from '../../src/runner.ts';
import type { Clock } from '../../src/time/clock.ts';

/** 2026-11-21T12:00:00Z: "now" in every run. */
export const NOON = Date.UTC(2026, 10, 21, 12);
/** What the recorded runner mints as the workflow's OIDC token. */
export const ID_TOKEN = 'eyJhbGciOiJSUzI1NiJ9.workflow.signature';

/** The inputs that a run is secret about. */
const SECRET_INPUTS = ['token', 'client-id', 'client-secret'];

export interface Line {
  readonly kind: Exclude<keyof Runner, 'mintIdToken'>;
  readonly text: string;
}

/** All that came of one run of `main`. */
export interface Run {
  /** What `main` threw; null where it did not. */
  readonly error: unknown;
  /** Calls of the runner, in order. */
  readonly lines: readonly Line[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** The waits that were asked for, in milliseconds; none took any time. */
  readonly waits: readonly number[];
  /** Every file that the run left in its workspace or its temporary folder, by path relative to both. */
  readonly files: ReadonlyMap<string, Buffer>;
}

export interface RunOptions {
  /** By the names of `action.yml`; `destination` defaults to `file`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Hears of each call of the runner when it happens. */
  readonly onLine?: (line: Line) => void;
  /** What else must not be told anywhere, such as a token that a log-in gives. */
  readonly secrets?: readonly string[];
}

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Runs `main` in this process, and makes sure that no secret came out anywhere, however it ended. */
export async function run({ inputs, onLine, secrets = [] }: RunOptions): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'contract-'));
  folders.push(folder);
  await mkdir(join(folder, 'workspace'));
  await mkdir(join(folder, 'temp'));
  const lines: Line[] = [];
  const waits: number[] = [];
  const failure = await main({
    env: environmentOf({ destination: 'file', path: 'out', ...inputs }, folder),
    runner: recorder((line) => {
      lines.push(line);
      onLine?.(line);
    }),
    clock: patientClock(waits),
    signal: new AbortController().signal,
  }).then(
    () => null,
    (error: unknown) => ({ error }),
  );
  const outputs = Object.fromEntries(
    lines.filter(({ kind }) => kind === 'setOutput').map(({ text }) => text.split(/=(.*)/s) as [string, string]),
  );
  const done: Run = {
    error: failure?.error ?? null,
    lines,
    outputs,
    summary: lines.flatMap(({ kind, text }) => (kind === 'summarize' ? [text] : [])).join('\n'),
    waits,
    files: await filesIn(folder),
  };
  const given = SECRET_INPUTS.flatMap((name) => inputs[name] ?? []);
  expect(leaks(done, [...given, ...secrets, ID_TOKEN])).toEqual([]);
  return done;
}

/** The run's export; fails where there is none. */
export function exportOf({ error, outputs, files }: Run) {
  if (error !== null) throw error;
  const csvs = [...files].filter(([path]) => path.endsWith('.csv'));
  expect(csvs).toHaveLength(1);
  const [path = '', csv = Buffer.of()] = csvs[0] ?? [];
  const manifest = JSON.parse(String(files.get(join(path, '..', 'datapackage.json'))));
  expect(outputs['csv-path']).toMatch(new RegExp(`/${path}$`));
  return { csv, manifest, sums: String(files.get(join(path, '..', 'SHA256SUMS'))) };
}

/** The error that a run has to end with: an `ExportError` that says what to do, and nothing left behind. */
export function failureOf({ error, files, outputs, summary }: Run): ExportError {
  if (!(error instanceof ExportError)) throw error ?? new Error('The run did not fail.');
  expect([...files.keys()]).toEqual([]);
  expect(Object.keys(outputs).filter((name) => name !== 'from' && name !== 'to')).toEqual([]);
  expect(summary).toContain('not exported');
  expect(error.next).not.toBe('');
  return error;
}

function environmentOf(inputs: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    GITHUB_WORKSPACE: join(folder, 'workspace'),
    RUNNER_TEMP: join(folder, 'temp'),
    GITHUB_REPOSITORY: 'acme/audit',
    GITHUB_RUN_ID: '42',
    GITHUB_RUN_ATTEMPT: '1',
  };
}

/** A runner that writes down what it is told. */
function recorder(add: (line: Line) => void): Runner {
  const say = (kind: Line['kind']) => (text: string) => add({ kind, text });
  const titled = (kind: Line['kind']) => (title: string, message: string) =>
    add({ kind, text: `${title}: ${message}` });
  return {
    mask: say('mask'),
    info: say('info'),
    startGroup: say('startGroup'),
    endGroup: () => add({ kind: 'endGroup', text: '' }),
    notice: titled('notice'),
    warning: titled('warning'),
    error: titled('error'),
    setOutput: (name, value) => add({ kind: 'setOutput', text: `${name}=${value}` }),
    summarize: async (markdown) => add({ kind: 'summarize', text: markdown }),
    mintIdToken: async () => ID_TOKEN,
  };
}

/** A clock that stands still but for the waits, which are written down and take no time. */
function patientClock(waits: number[]): Clock {
  let now = NOON;
  return {
    now: () => now,
    random: () => 0.5,
    sleep: async (ms) => {
      waits.push(ms);
      now += ms;
    },
  };
}

async function filesIn(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  const sorted = paths.sort();
  return new Map(
    await Promise.all(sorted.map(async (path) => [relative(folder, path), await readFile(path)] as const)),
  );
}

/** Where a secret, bare or in base64, was told: in a line, a file, or anywhere in the error with all of its causes. */
function leaks({ error, lines, files }: Run, secrets: readonly string[]): string[] {
  const forms = secrets.flatMap((secret) => [secret, Buffer.from(secret).toString('base64').replaceAll('=', '')]);
  const places: [where: string, text: string][] = [
    ...lines.filter(({ kind }) => kind !== 'mask').map(({ kind, text }): [string, string] => [kind, text]),
    ...[...files].map(([path, bytes]): [string, string] => [path, bytes.toString('latin1')]),
    ['error', inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null })],
    ...causesOf(error).map((cause): [string, string] => ['cause', `${cause.message} ${cause.stack}`]),
  ];
  return places.filter(([, text]) => forms.some((form) => text.includes(form))).map(([where]) => where);
}

function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}
