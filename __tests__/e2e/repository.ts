/** A sandbox GitHub for scenarios that commit, and git's own judgement of what was made of its repositories. */

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { type GitHubServer, type RepositoryOptions, startGitHub } from '../../sandbox/github/server.ts';
import type { Fault, SandboxRequest, ServerOptions } from '../../sandbox/server.ts';
import { atEnd, folder, GITHUB_TOKEN } from './scenario.ts';

/** The workflow's own repository, as the runner names it. */
export const OWN = 'octo-org/octo-repo';

/** A GitHub with the workflow's own repository and others, which the workflow's token may write to unless told otherwise. */
export async function github(
  own: Omit<RepositoryOptions, 'name'> = {},
  options: Partial<Parameters<typeof startGitHub>[0]> = {},
): Promise<GitHubServer> {
  const { repositories = [], ...rest } = options;
  const server = await startGitHub({
    token: GITHUB_TOKEN,
    repositories: [{ name: OWN, ...own }, ...repositories],
    ...rest,
  });
  atEnd(server.close);
  return server;
}

type Intercept = NonNullable<ServerOptions['intercept']>;

/** The nth requests (from 1) of those that match meet a fault. */
export function at(pattern: RegExp, numbers: readonly number[], fault: Fault): Intercept {
  let count = 0;
  return (request) => {
    if (!pattern.test(lineOf(request))) return undefined;
    count += 1;
    return numbers.includes(count) ? fault : undefined;
  };
}

/** `POST /graphql` */
export const lineOf = ({ method, path }: SandboxRequest): string => `${method} ${path}`;

/** The server does what it was asked, and its reply never arrives. */
export const lost: Fault = (req, _res, answer) => {
  answer();
  req.socket.resetAndDestroy();
};

/** Returns git's output without its last line end. Throws where git fails. */
export async function git(gitDir: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['--git-dir', gitDir, ...args], { maxBuffer: 2 ** 28 });
  return stdout.replace(/\n$/, '');
}

/** Git finds nothing wrong with the repository. */
export async function expectClean(gitDir: string): Promise<void> {
  const options = ['--strict', '--full', '--no-dangling', '--no-progress'];
  const judged = await promisify(execFile)('git', ['--git-dir', gitDir, 'fsck', ...options]);
  // Where HEAD is a branch that has no commit yet, git says so, and finds nothing wrong with it.
  expect(`${judged.stdout}${judged.stderr}`.replace(/^notice: .*\n/gm, '')).toBe('');
}

/** The commits that a branch has and `since` has not, the newest first; all of them where `since` is null. */
export async function commitsOf(gitDir: string, branch: string, since: string | null): Promise<string[]> {
  const range = since === null ? [] : [`^${since}`];
  return (await git(gitDir, 'rev-list', `refs/heads/${branch}`, ...range)).split('\n').filter((line) => line !== '');
}

/** Returns the changes of a commit, as git lists them: `A\tpath`. */
export async function changesOf(gitDir: string, commit: string): Promise<string[]> {
  const changes = await git(gitDir, 'show', '--format=', '--name-status', '--no-renames', '-z', '--root', commit);
  const cells = changes.split('\0').filter((cell) => cell !== '');
  return cells.flatMap((cell, index) => (index % 2 === 0 ? [`${cell}\t${cells[index + 1]}`] : []));
}

export interface Expected {
  readonly gitDir: string;
  readonly branch: string;
  /** The folder of the export in the repository. */
  readonly folder: string;
  /** Header and rows. */
  readonly table: readonly (readonly string[])[];
  /** Configuration of the clone: `core.autocrlf=true`. */
  readonly config?: readonly string[];
}

export interface Cloned {
  /** Absolute. */
  readonly folder: string;
  /** `datapackage.json`, parsed. */
  readonly manifest: Manifest;
  /** The CSV files, in the order of the manifest. */
  readonly csvs: readonly Buffer[];
  /** The files of the copy for spreadsheets; undone by the manifest's rule, they equal the CSV. */
  readonly copies: readonly Buffer[];
}

/** A manifest, as far as scenarios read it. */
export interface Manifest {
  readonly id: string;
  readonly resources: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly rows: number;
    readonly sources?: readonly { readonly path: string }[];
    readonly guarded?: { readonly undo: { readonly remove: string } };
  }[];
  readonly export: {
    readonly window: { readonly from: string; readonly to: string };
    readonly chain: { readonly previous: { readonly id: string; readonly sha256: string } | null } | null;
    readonly gap: { readonly from: string; readonly to: string } | null;
    readonly late: { readonly looked_from: string; readonly count: number; readonly rows: string };
    readonly events: Readonly<Record<string, number | string | null>>;
  };
}

/** The folder of a new clone. */
export async function clone(gitDir: string, branch: string, config: readonly string[] = []): Promise<string> {
  const root = join(await folder(), 'clone');
  const options = config.flatMap((one) => ['-c', one]);
  await promisify(execFile)('git', ['clone', '--quiet', ...options, '--branch', branch, gitDir, root]);
  return root;
}

/** A real clone has the export, whole: every file in `SHA256SUMS` and right, and the CSV row by row as it has to be. */
export async function expectExport({ gitDir, branch, folder: path, table, config = [] }: Expected): Promise<Cloned> {
  return expectFolder(join(await clone(gitDir, branch, config), path), table);
}

/** Checks a folder that did not come from a clone: complete, true sums, and the expected table. */
export async function expectFolder(path: string, table: Expected['table']): Promise<Cloned> {
  const checked = await promisify(execFile)('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: path });
  const lines = checked.stdout.trimEnd().split('\n');
  const names = (await readdir(path)).filter((name) => name !== 'SHA256SUMS');
  expect(lines.sort()).toEqual(names.map((name) => `${name}: OK`).sort());

  const manifest: Manifest = JSON.parse(await readFile(join(path, 'datapackage.json'), 'utf8'));
  expect([...manifest.resources.map((one) => one.path), 'datapackage.json'].sort()).toEqual(names.sort());
  const faithful = manifest.resources.filter(({ guarded }) => guarded === undefined);
  const copied = manifest.resources.filter(({ guarded }) => guarded !== undefined);
  const csvs = await expectParts(path, faithful, table);
  const copies = copied.length === 0 ? [] : await expectParts(path, copied, table);
  for (const { sources } of copied) expect(sources).toEqual(faithful.map((one) => ({ path: one.path })));
  return { folder: path, manifest, csvs, copies };
}

/** The resources are the table, in parts, once they are undone where they have to be. Gives their files. */
async function expectParts(path: string, resources: Manifest['resources'], [header, ...rows]: Expected['table']) {
  const files = await Promise.all(resources.map((one) => readFile(join(path, one.path))));
  const parts = resources.map(({ bytes, rows: count, guarded }, index) => {
    const file = files[index] ?? Buffer.of();
    const part = parse(file, { record_delimiter: '\r\n' }) as string[][];
    expect({ bytes, rows: count }).toEqual({ bytes: file.length, rows: part.length - 1 });
    if (guarded === undefined) return part;
    const guards = new RegExp(guarded.undo.remove, 'g');
    return part.map((cells) => cells.map((cell) => cell.replaceAll(guards, '')));
  });
  for (const part of parts) expect(part[0]).toEqual(header);
  expect(parts.flatMap((part) => part.slice(1))).toEqual(rows);
  return files;
}

/**
 * The run made one commit, git finds nothing wrong with the repository, and the outputs name that commit. Gives its id.
 * @param since the branch's head before; null: there was no such branch, and nothing that it started from
 */
export async function expectOneCommit(
  server: GitHubServer,
  { outputs }: { readonly outputs: Readonly<Record<string, string>> },
  { name = OWN, branch = 'main', since }: { name?: string; branch?: string; since: string | null },
): Promise<string> {
  const { path } = server.repository(name);
  await expectClean(path);
  const head = (await git(path, 'rev-parse', `refs/heads/${branch}`)).trim();
  expect(await commitsOf(path, branch, since)).toEqual([head]);
  expect(outputs).toMatchObject({
    'commit-sha': head,
    'commit-url': `https://github.com/${name}/commit/${head}`,
    changed: 'true',
  });
  return head;
}
