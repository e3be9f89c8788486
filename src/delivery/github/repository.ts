import type { Repository as RepositoryName } from '../../inputs/repository-names.ts';
import { asArray, asObject, type JsonObject, requireString } from '../../json/values.ts';
import { type GitHub, Refused } from './api.ts';
import { blobName, type FileToWrite } from './blob.ts';
import { byFolder, type Entry, objectName, readEntry, unexpected } from './tree.ts';

/** A commit and its tree, by their object names. */
export interface Head {
  readonly commit: string;
  readonly tree: string;
}

const CREATE_COMMIT = `mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}`;

/**
 * Git objects and branches of one repository, through the API. What was read is checked: a blob by its name.
 * Methods throw `Refused` where GitHub says no, and `ExportError` as `GitHub` does.
 */
export class Repository {
  readonly #github: GitHub;
  readonly #name: RepositoryName;
  /** Trees never change, so that a moved branch costs only the trees that are new. */
  readonly #trees = new Map<string, readonly Entry[]>();
  readonly #below = new Map<string, readonly Entry[]>();
  /** Commits never change either. */
  readonly #commits = new Map<string, { readonly head: Head; readonly parent: string | null }>();

  constructor(github: GitHub, name: RepositoryName) {
    this.#github = github;
    this.#name = name;
  }

  /** `owner/name`. */
  get fullName(): string {
    return `${this.#name.owner}/${this.#name.repo}`;
  }

  async about(): Promise<{ readonly public: boolean; readonly defaultBranch: string }> {
    const about = await this.#get('', 'the repository');
    if (typeof about['private'] !== 'boolean') throw unexpected('`private`');
    return { public: !about['private'], defaultBranch: requireString(about, 'default_branch', 'GET /repos') };
  }

  /** Where a branch points; null where there is none; 'empty' where the repository has no commit at all. */
  async head(branch: string): Promise<Head | null | 'empty'> {
    let ref: JsonObject;
    try {
      ref = await this.#get(`/git/ref/heads/${encoded(branch)}`, 'the branch');
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null;
      // A conflict of another kind is no reason to begin the repository.
      if (error instanceof Refused && error.status === 409 && /empty/i.test(error.message)) return 'empty';
      throw error;
    }
    const { head } = await this.#commit(objectName(asObject(ref['object'], '`object`', branch)['sha']));
    return head;
  }

  /** The commit that a commit goes on top of, the first where it has several; null where it is the first of all. */
  async parent({ commit }: Head): Promise<Head | null> {
    const { parent } = await this.#commit(commit);
    return parent === null ? null : (await this.#commit(parent)).head;
  }

  /** The tree of a folder; null where nothing is there; 'file' where a file is in the way. */
  async folder(tree: string, path: readonly string[]): Promise<string | null | 'file'> {
    let at = tree;
    for (const name of path) {
      const next = (await this.#entries(at)).find((entry) => entry.path === name);
      if (next === undefined) return null;
      if (next.kind !== 'tree') return 'file';
      at = next.sha;
    }
    return at;
  }

  /** All files below a tree, by paths from it on. */
  async filesBelow(tree: string): Promise<readonly Entry[]> {
    return (await this.#allBelow(tree)).filter(({ kind }) => kind === 'blob');
  }

  /** A file's content. Throws `destination` where it is not what its name says. */
  async blob(sha: string): Promise<Buffer> {
    const body = await this.#get(`/git/blobs/${sha}`, 'the blob');
    const content = Buffer.from(requireString(body, 'content', sha), 'base64');
    if (blobName(content) === sha) return content;
    throw unexpected(`blob ${sha}, damaged on its way`);
  }

  /** A commit on top of a branch that is at `expected`, by one call. Gives its name. */
  async commitOnBranch(
    branch: string,
    expected: string,
    message: string,
    files: readonly FileToWrite[],
  ): Promise<string> {
    const [headline = '', ...body] = message.split('\n');
    const additions: object[] = [];
    for (const { path, read } of files) additions.push({ path, contents: (await read()).toString('base64') });
    const input = {
      branch: { repositoryNameWithOwner: this.fullName, branchName: branch },
      message: { headline, body: body.join('\n').trim() },
      expectedHeadOid: expected,
      fileChanges: { additions },
    };
    const answer = asObject(await this.#github.graphql(CREATE_COMMIT, { input }), 'the answer', 'POST /graphql');
    const made = asObject(answer['createCommitOnBranch'], '`createCommitOnBranch`', 'POST /graphql');
    return objectName(asObject(made['commit'], '`commit`', 'POST /graphql')['oid']);
  }

  /** Stores a file's content, and gives its name. */
  async writeBlob(content: Buffer): Promise<string> {
    const { sha } = await this.#post('/git/blobs', { content: content.toString('base64'), encoding: 'base64' });
    if (sha === blobName(content)) return sha;
    throw unexpected('another name for a blob');
  }

  /** A commit of files, blob by blob; no branch points to it yet. `base` null: nothing else is in it. */
  async writeCommit(base: Head | null, message: string, files: readonly FileToWrite[]): Promise<string> {
    const entries: object[] = [];
    for (const { path, read } of files) {
      entries.push({ path, mode: '100644', type: 'blob', sha: await this.writeBlob(await read()) });
    }
    const tree = await this.#post('/git/trees', { ...(base && { base_tree: base.tree }), tree: entries });
    const parents = base === null ? [] : [base.commit];
    return (await this.#post('/git/commits', { message, tree: tree.sha, parents })).sha;
  }

  async createBranch(branch: string, commit: string): Promise<void> {
    await this.#send('POST', '/git/refs', { ref: `refs/heads/${branch}`, sha: commit });
  }

  /** Moves a branch to a commit on top of where it is. */
  async moveBranch(branch: string, commit: string): Promise<void> {
    await this.#send('PATCH', `/git/refs/heads/${encoded(branch)}`, { sha: commit, force: false });
  }

  /** The first commit of an empty repository, on its default branch: nothing else can write there. */
  async writeFirstFile({ path, read }: FileToWrite, message: string): Promise<void> {
    const content = (await read()).toString('base64');
    await this.#send('PUT', `/contents/${encoded(path)}`, { message, content });
  }

  async #commit(sha: string): Promise<{ readonly head: Head; readonly parent: string | null }> {
    const known = this.#commits.get(sha);
    if (known !== undefined) return known;
    const body = await this.#get(`/git/commits/${sha}`, 'the commit');
    const tree = objectName(asObject(body['tree'], '`tree`', sha)['sha']);
    const [first] = asArray(body['parents'], '`parents`', sha);
    const parent = first === undefined ? null : objectName(asObject(first, 'a parent', sha)['sha']);
    const commit = { head: { commit: sha, tree }, parent };
    this.#commits.set(sha, commit);
    return commit;
  }

  async #allBelow(tree: string): Promise<readonly Entry[]> {
    const known = this.#below.get(tree);
    if (known !== undefined) return known;
    const { entries, truncated } = await this.#readTree(tree, true);
    const all = truncated ? await this.#walk(tree) : entries;
    this.#below.set(tree, all);
    for (const [sha, inside] of byFolder(tree, all)) this.#trees.set(sha, inside);
    return all;
  }

  /** Tree by tree, where one answer cannot hold them all. */
  async #walk(tree: string): Promise<Entry[]> {
    const found: Entry[] = [];
    for (const entry of await this.#entries(tree)) {
      found.push(entry);
      if (entry.kind !== 'tree') continue;
      for (const below of await this.#walk(entry.sha)) found.push({ ...below, path: `${entry.path}/${below.path}` });
    }
    return found;
  }

  async #entries(tree: string): Promise<readonly Entry[]> {
    const known = this.#trees.get(tree);
    if (known !== undefined) return known;
    const { entries, truncated } = await this.#readTree(tree, false);
    if (truncated) throw unexpected('a folder that it cannot list whole');
    this.#trees.set(tree, entries);
    return entries;
  }

  async #readTree(tree: string, recursive: boolean) {
    const body = await this.#get(`/git/trees/${tree}`, 'the tree', recursive ? { recursive: '1' } : {});
    const entries = asArray(body['tree'], '`tree`', tree).map((one) =>
      readEntry(asObject(one, 'an entry', tree), tree),
    );
    return { entries, truncated: body['truncated'] !== false };
  }

  async #get(path: string, what: string, query: object = {}): Promise<JsonObject> {
    return asObject(await this.#send('GET', path, query), what, `GET /repos/${this.fullName}${path}`);
  }

  async #post(path: string, body: object): Promise<{ readonly sha: string }> {
    const where = `POST /repos/${this.fullName}${path}`;
    const { sha } = asObject(await this.#send('POST', path, body), 'the answer', where);
    return { sha: objectName(sha) };
  }

  #send(method: string, path: string, parameters: object): Promise<unknown> {
    return this.#github.rest(`${method} /repos/{owner}/{repo}${path}`, { ...this.#name, ...parameters });
  }
}

/** A branch or a path in an address: its slashes stay. */
const encoded = (path: string): string => path.toWellFormed().split('/').map(encodeURIComponent).join('/');
