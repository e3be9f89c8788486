/** Runs `main` in this process with the runner that workflows have, and catches all that comes out of it. */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Command } from '../../sandbox/runner/commands.ts';
import type { FileCommand } from '../../sandbox/runner/log.ts';
import { main } from '../../src/main.ts';
import { githubRunner, type Runner } from '../../src/runner.ts';
import { sayFailed } from '../../src/step-log.ts';
import type { Clock } from '../../src/time/clock.ts';
import { inputVariables } from '../in-process.ts';

/** Inputs and environment of a run. */
export interface Given {
  readonly inputs: Readonly<Record<string, string>>;
  /** Beside what the runner sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** ID token that the workflow mints. Defaults to none. */
  readonly idToken?: string;
}

/** All that a run let out. */
export interface Performed {
  readonly stdout: string;
  readonly stderr: string;
  /** Commands that the program itself gave to its runner, line by line; null for a line that is no command. */
  readonly asked: readonly (Command | null)[];
  /** The outputs that it set. */
  readonly set: Readonly<Record<string, string>>;
  /** The runner's file commands, as they were written. */
  readonly files: Readonly<Record<FileCommand, string>>;
  /** Error that was thrown; null where none was. */
  readonly error: unknown;
  /** Every file that is there afterwards, by its path from the folder that holds workspace and temp. */
  readonly left: ReadonlyMap<string, Buffer>;
}

export const NOW = Date.UTC(2026, 10, 21, 12);

const FILE_COMMANDS: readonly FileCommand[] = ['output', 'state', 'env', 'path', 'summary'];
const VARIABLES: Readonly<Record<FileCommand, string>> = {
  output: 'GITHUB_OUTPUT',
  state: 'GITHUB_STATE',
  env: 'GITHUB_ENV',
  path: 'GITHUB_PATH',
  summary: 'GITHUB_STEP_SUMMARY',
};

/** In memory where there is such a file system: every export is flushed to the disk. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export interface Stage {
  readonly perform: (given: Given) => Promise<Performed>;
  readonly close: () => Promise<void>;
}

/** `@actions/core` keeps the path of the first summary for good, so a process has one stage at a time, and one folder. */
let commands: Promise<string> | null = null;

export async function openStage(): Promise<Stage> {
  commands ??= mkdtemp(join(FOLDER, 'surfaces-commands-'));
  const folder = await commands;
  await mkdir(folder, { recursive: true });
  return {
    perform: (given) => perform(given, folder),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function perform(given: Given, commandFolder: string): Promise<Performed> {
  const root = await mkdtemp(join(FOLDER, 'surfaces-'));
  for (const name of ['workspace', 'temp', 'beside']) await mkdir(join(root, name));
  await writeFile(join(root, 'beside/kept'), 'kept');
  const paths = Object.fromEntries(FILE_COMMANDS.map((name) => [name, join(commandFolder, name)]));
  for (const path of Object.values(paths)) await writeFile(path, '');
  const asked: (Command | null)[] = [];
  const set: Record<string, string> = {};
  const runner = recording(asked, set, given.idToken);
  const env: Record<string, string> = {
    ...inputVariables(given.inputs),
    GITHUB_WORKSPACE: join(root, 'workspace'),
    RUNNER_TEMP: join(root, 'temp'),
    GITHUB_REPOSITORY: 'octo-org/octo-repo',
    GITHUB_RUN_ID: '1658821493',
    GITHUB_RUN_ATTEMPT: '1',
    ...given.env,
  };
  for (const [name, value] of Object.entries(env)) env[name] = asInProcess(value);
  const caught = catchStreams(paths);
  let error: unknown = null;
  try {
    await main({ env, runner, clock: hurried(), signal: new AbortController().signal });
  } catch (thrown) {
    error = thrown;
    sayFailed(thrown, runner);
  } finally {
    caught.release();
  }
  const texts = await Promise.all(FILE_COMMANDS.map(async (name) => [name, await readFile(paths[name] ?? '', 'utf8')]));
  const left = await filesBelow(root);
  await rm(root, { recursive: true });
  return { ...caught.texts(), asked, set, files: Object.fromEntries(texts), error, left };
}

/** No environment holds half a character, or a NUL. */
const asInProcess = (value: string): string => value.replaceAll('\0', '').toWellFormed();

/** The runner of workflows, which also writes down what it was asked. */
function recording(asked: (Command | null)[], set: Record<string, string>, idToken: string | undefined): Runner {
  let grouped = false;
  const ask = (command: string, message: string, title?: string) =>
    asked.push({ command, properties: title === undefined ? {} : { title }, message });
  const titled = (level: 'notice' | 'warning' | 'error') => (title: string, message: string) => {
    ask(level, message, title);
    githubRunner[level](title, message);
  };
  return {
    mask: (secret) => {
      ask('add-mask', secret);
      githubRunner.mask(secret);
    },
    info: (line) => {
      asked.push(null);
      githubRunner.info(line);
    },
    startGroup: (title) => {
      grouped = true;
      ask('group', title);
      githubRunner.startGroup(title);
    },
    endGroup: () => {
      if (grouped) ask('endgroup', '');
      grouped = false;
      githubRunner.endGroup();
    },
    notice: titled('notice'),
    warning: titled('warning'),
    error: titled('error'),
    setOutput: (name, value) => {
      set[name] = value;
      githubRunner.setOutput(name, value);
    },
    summarize: githubRunner.summarize,
    mintIdToken: async () => {
      if (idToken === undefined) throw new Error('no id-token: write');
      return idToken;
    },
  };
}

/** Keeps what is written to this process's streams, and points the runner's files here, until it is released. */
function catchStreams(paths: Readonly<Record<string, string>>) {
  const texts = { stdout: '', stderr: '' };
  const writes = { stdout: process.stdout.write, stderr: process.stderr.write };
  const before = FILE_COMMANDS.map((name) => [VARIABLES[name], process.env[VARIABLES[name]]] as const);
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((chunk: string | Uint8Array) => {
      texts[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      return true;
    }) as typeof process.stdout.write;
  }
  for (const name of FILE_COMMANDS) process.env[VARIABLES[name]] = paths[name];
  return {
    texts: () => texts,
    release: () => {
      for (const name of ['stdout', 'stderr'] as const) process[name].write = writes[name];
      for (const [variable, value] of before) {
        if (value === undefined) delete process.env[variable];
        else process.env[variable] = value;
      }
    },
  };
}

/** A clock on which waiting takes no time. */
function hurried(): Clock {
  let now = NOW;
  return {
    now: () => now,
    random: () => 0.5,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      now += ms;
    },
  };
}

async function filesBelow(root: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  const read = async (path: string) => [relative(root, path), await readFile(path)] as const;
  return new Map(await Promise.all(paths.sort().map(read)));
}
