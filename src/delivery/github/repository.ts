import type { Repository as RepositoryName } from '../../inputs/repository-names.ts';
import { asArray, asObject, type JsonObject, requireString } from '../../json/values.ts';
import { type GitHub, GitHubRefusal } from './api.ts';
import { blobName, type FileToWrite } from './blob.ts';
import { byFolder, objectName, readEntry, type TreeEntry, unexpectedAnswerError } from './tree.ts';

/** A commit and its tree, by their object names. */
export interface Head {
  readonly commit: string;
  readonly tree: string;
}

const CREATE_COMMIT = `mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}`;

/**
 * Git objects and branches of one repository, through the API. A blob is checked against its name. Methods throw
 * `GitHubRefusal` where GitHub refuses, and `ExportError` as `GitHub` does.
 */
export class Repository {
  readonly #github: GitHub;
  readonly #name: RepositoryName;
  /** Entries of the trees that were read, by name. Trees never change, so a moved branch costs only its new trees. */
  readonly #trees = new Map<string, readonly TreeEntry[]>();
  /** All entries below the trees that were listed recursively, by the name of the tree. */
  readonly #below = new Map<string, readonly TreeEntry[]>();
  /** Commits that were read, by name; commits never change either. */
  readonly #commits = new Map<string, { readonly head: Head; readonly parent: string | null }>();

  constructor(github: GitHub, name: RepositoryName) {
    this.#github = github;
    this.#name = name;
  }

  /** The repository's name, as `owner/name`. */
  get fullName(): string {
    return `${this.#name.owner}/${this.#name.repo}`;
  }

  async about(): Promise<{ readonly public: boolean; readonly defaultBranch: string }> {
    const about = await this.#get('', 'the repository');
    if (typeof about['private'] !== 'boolean') throw unexpectedAnswerError('`private`');
    return { public: !about['private'], defaultBranch: requireString(about, 'default_branch', 'GET /repos') };
  }

  /** Returns a branch's newest commit; null where there is no branch, 'empty' where the repository has no commit. */
  async head(branch: string): Promise<Head | null | 'empty'> {
    let ref: JsonObject;
    try {
      ref = await this.#get(`/git/ref/heads/${encoded(branch)}`, 'the branch');
    } catch (error) {
      if (error instanceof GitHubRefusal && error.status === 404) return null;
      // A conflict of another kind is no reason to begin the repository.
      if (error instanceof GitHubRefusal && error.status === 409 && /empty/i.test(error.message)) return 'empty';
      throw error;
    }
    const { head } = await this.#commit(objectName(asObject(ref['object'], '`object`', branch)['sha']));
    return head;
  }

  /** Returns the first parent of a commit; null where the commit starts a history. */
  async parent({ commit }: Head): Promise<Head | null> {
    const { parent } = await this.#commit(commit);
    return parent === null ? null : (await this.#commit(parent)).head;
  }

  /** Returns the tree of a folder; null where nothing is there; 'file' where a file is in the way. */
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

  /** Returns all files below a tree; their paths start at that tree. */
  async filesBelow(tree: string): Promise<readonly TreeEntry[]> {
    return (await this.#allBelow(tree)).filter(({ kind }) => kind === 'blob');
  }

  /** Returns the content of a blob. Throws `destination` where the content does not have that name. */
  async blob(sha: string): Promise<Buffer> {
    const body = await this.#get(`/git/blobs/${sha}`, 'the blob');
    const content = Buffer.from(requireString(body, 'content', sha), 'base64');
    if (blobName(content) === sha) return content;
    throw unexpectedAnswerError(`blob ${sha}, damaged on its way`);
  }

  /**
   * Commits files to a branch that is still at `expected`, by one GraphQL call. Returns the name of the commit. Throws
   * `GitHubRefusal` of type `STALE_DATA` where the branch has moved.
   */
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

  /** Stores a content as a blob, and returns the blob's name. */
  async writeBlob(content: Buffer): Promise<string> {
    const { sha } = await this.#post('/git/blobs', { content: content.toString('base64'), encoding: 'base64' });
    if (sha === blobName(content)) return sha;
    throw unexpectedAnswerError('another name for a blob');
  }

  /**
   * Writes files, blob by blob, as a commit on top of `base`, and returns its name; no branch points to it yet. With
   * `base` null, the commit has no parent and no other files.
   */
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

  /** Moves a branch to a commit that descends from its head; GitHub refuses any other. */
  async moveBranch(branch: string, commit: string): Promise<void> {
    await this.#send('PATCH', `/git/refs/heads/${encoded(branch)}`, { sha: commit, force: false });
  }

  /** Makes the first commit of an empty repository, on its default branch; no other call can write there. */
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

  async #allBelow(tree: string): Promise<readonly TreeEntry[]> {
    const known = this.#below.get(tree);
    if (known !== undefined) return known;
    const { entries, truncated } = await this.#readTree(tree, true);
    const all = truncated ? await this.#walk(tree) : entries;
    this.#below.set(tree, all);
    for (const [sha, inside] of byFolder(tree, all)) this.#trees.set(sha, inside);
    return all;
  }

  /** Returns all entries below a tree, tree by tree: for trees that one answer cannot hold. */
  async #walk(tree: string): Promise<TreeEntry[]> {
    const found: TreeEntry[] = [];
    for (const entry of await this.#entries(tree)) {
      found.push(entry);
      if (entry.kind !== 'tree') continue;
      for (const below of await this.#walk(entry.sha)) found.push({ ...below, path: `${entry.path}/${below.path}` });
    }
    return found;
  }

  async #entries(tree: string): Promise<readonly TreeEntry[]> {
    const known = this.#trees.get(tree);
    if (known !== undefined) return known;
    const { entries, truncated } = await this.#readTree(tree, false);
    if (truncated) throw unexpectedAnswerError('a folder that it cannot list whole');
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

/** Returns a branch or a path encoded for a URL; slashes stay as they are. */
const encoded = (path: string): string => path.toWellFormed().split('/').map(encodeURIComponent).join('/');
