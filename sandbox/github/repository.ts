/** A bare repository on disk and what its owner has allowed: the ground that both APIs stand on. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Commit, formatCommit, type Person, parseCommit } from './commits.ts';
import { readable, splitPath } from './names.ts';
import { type Objects, openObjects } from './objects.ts';
import { openRefs, type Refs } from './refs.ts';
import { type Edit, openTrees, type Trees, typeOf } from './trees.ts';

export interface RepositoryOptions {
  /** `acme/audit` */
  readonly name: string;
  /** Defaults to true. */
  readonly private?: boolean;
  /** Defaults to `main`. */
  readonly defaultBranch?: string;
  /** Without any commit. Defaults to false: one commit with README.md on the default branch. */
  readonly empty?: boolean;
  /** Classic protection: every write to these through the API is refused. */
  readonly protectedBranches?: readonly string[];
  /** Branches that a ruleset protects, which GitHub words differently. */
  readonly rulesetBranches?: readonly string[];
  /** Permission of the token for contents. Defaults to `write`. */
  readonly contents?: 'write' | 'read' | 'none';
  /** Permission of the token for workflow runs. Defaults to `read`. */
  readonly actions?: 'read' | 'none';
}

/** A repository for a test, which reads and changes it behind the API's back. */
export interface SandboxRepository {
  /** The bare repository, for `git --git-dir`. */
  readonly path: string;
  /** The id of the commit that a branch points to; null where there is no such branch. */
  head(branch: string): string | null;
  /** All files of the branch's tree, by path; none where there is no such branch. */
  files(branch: string): ReadonlyMap<string, Buffer>;
  /**
   * Another writer, whom no protection stops: one commit on the branch, whose id it gives. Null deletes a file.
   * A branch that is not there begins at the default branch's head, if that is there.
   */
  commit(branch: string, files: Readonly<Record<string, string | Buffer | null>>, message?: string): string;
}

/** A repository for the APIs. */
export interface Repository extends SandboxRepository {
  readonly id: number;
  readonly name: string;
  readonly options: RepositoryOptions;
  readonly defaultBranch: string;
  readonly objects: Objects;
  readonly trees: Trees;
  readonly refs: Refs;
  /** Whether it never had a branch. */
  readonly isEmpty: () => boolean;
  /** Protection that keeps the API from writing to a branch. */
  readonly guard: (branch: string) => 'protection' | 'ruleset' | null;
  /** Null where there is no such commit. */
  readonly readCommit: (oid: string) => Commit | null;
  /** The tree of a commit that must be there. */
  readonly rootOf: (commit: string) => string;
  /** Gives the id of a commit, made now unless its people say otherwise. */
  readonly writeCommit: (commit: NewCommit) => string;
  /** Whether a commit is another one or comes after it. */
  readonly descends: (oid: string, ancestor: string) => boolean;
  /** Now, in seconds since 1970. */
  readonly seconds: () => number;
}

export interface NewCommit extends Pick<Commit, 'tree' | 'parents' | 'message'> {
  readonly author: Person & { readonly seconds?: number };
  readonly committer: Person & { readonly seconds?: number };
}

const SOMEBODY: Person = { name: 'Somebody Else', email: 'somebody@example.com' };

export function makeRepository(id: number, path: string, options: RepositoryOptions, now: () => number): Repository {
  const { name, defaultBranch = 'main', protectedBranches = [], rulesetBranches = [] } = options;
  initialise(path, defaultBranch);
  const objects = openObjects(path);
  const trees = openTrees(objects);
  const refs = openRefs(path);
  const seconds = () => Math.floor(now() / 1000);

  function readCommit(oid: string): Commit | null {
    const body = objects.body(oid, 'commit');
    return body && parseCommit(body);
  }

  function rootOf(oid: string): string {
    const commit = readCommit(oid);
    if (!commit) throw new Error(`${oid} is not a commit`);
    return commit.tree;
  }

  function writeCommit({ author, committer, ...rest }: NewCommit): string {
    const made = { seconds: seconds() };
    return objects.write(
      'commit',
      formatCommit({ ...rest, author: { ...made, ...author }, committer: { ...made, ...committer } }),
    );
  }

  /** Breadth first, so that a parent is found at once. */
  function descends(oid: string, ancestor: string): boolean {
    const seen = new Set([oid]);
    for (const one of seen) {
      if (one === ancestor) return true;
      for (const parent of readCommit(one)?.parents ?? []) seen.add(parent);
    }
    return false;
  }

  function files(branch: string): ReadonlyMap<string, Buffer> {
    const head = refs.read(branch);
    if (head === null) return new Map();
    const entries = [...trees.walk(rootOf(head))].filter(({ mode }) => typeOf(mode) === 'blob');
    return new Map(entries.map((entry) => [readable(entry.path), objects.read(entry.oid)?.body ?? Buffer.alloc(0)]));
  }

  function commit(
    branch: string,
    changes: Readonly<Record<string, string | Buffer | null>>,
    message = 'Change',
  ): string {
    const parent = refs.read(branch) ?? refs.read(defaultBranch);
    const edits = Object.entries(changes).map(([file, content]): Edit => {
      const leaf = content === null ? null : { mode: null, oid: objects.write('blob', Buffer.from(content)) };
      return { path: pathOf(file), leaf };
    });
    const tree = trees.edit(parent === null ? null : rootOf(parent), edits);
    const parents = parent === null ? [] : [parent];
    const oid = writeCommit({ tree, parents, message, author: SOMEBODY, committer: SOMEBODY });
    refs.write(branch, oid);
    return oid;
  }

  let born = false;
  const isEmpty = () => {
    born ||= refs.list().length > 0;
    return !born;
  };
  const guard = (branch: string) => {
    if (protectedBranches.includes(branch)) return 'protection';
    return rulesetBranches.includes(branch) ? 'ruleset' : null;
  };

  if (!options.empty && isEmpty()) commit(defaultBranch, { 'README.md': `# ${name}\n` }, 'Initial commit');
  return {
    id,
    name,
    path,
    options,
    defaultBranch,
    objects,
    trees,
    refs,
    isEmpty,
    guard,
    readCommit,
    rootOf,
    writeCommit,
    descends,
    seconds,
    head: refs.read,
    files,
    commit,
  };
}

function pathOf(file: string): string[] {
  const path = splitPath(file);
  if (!path) throw new Error(`git takes no path such as ${JSON.stringify(file)}`);
  return path;
}

/** A repository that is there stays. Nothing is to be packed behind the reader's back, neither in time nor after a large push. */
function initialise(path: string, defaultBranch: string): void {
  if (existsSync(join(path, 'HEAD'))) return;
  const options = ['--quiet', '--bare', '--template=', '--object-format=sha1', `--initial-branch=${defaultBranch}`];
  execFileSync('git', ['init', ...options, path]);
  appendFileSync(join(path, 'config'), '[gc]\n\tauto = 0\n[receive]\n\tunpackLimit = 100000\n');
}
