import { checkContent, checkSums, type DeliveredExport, damaged, readDeliveredExport } from './delivered-export.ts';
import { MANIFEST, SUMS } from './evidence.ts';
import { explained, type OpenBranch, readTip } from './github/branch.ts';
import type { Head } from './github/repository.ts';
import type { Entry } from './github/tree.ts';
import type { History } from './history.ts';
import { endInName } from './names.ts';

export interface BranchOptions {
  readonly open: OpenBranch;
  /** Folders that all exports are below. */
  readonly prefix: readonly string[];
  /** Matches the folders of exports; the group `to` or `export` says the end of the window. */
  readonly pattern: RegExp;
  readonly scope: string;
}

/** A folder that an export may be in, with its files by name. */
interface Folder {
  readonly path: string;
  readonly to: number;
  readonly revision: number;
  readonly files: Map<string, Entry>;
}

/** `…/kosli-acme-…-r2`: an export beside another one with the same path. */
const REVISION = /-r(\d+)$/;

/** The exports that were committed to a branch. */
export class BranchHistory implements History {
  readonly #options: BranchOptions;
  /** Manifests that were read, by the name of their blob. */
  readonly #links = new Map<string, DeliveredExport>();
  /** As they were when the last export was looked for. */
  #folders: { readonly tree: string; readonly found: readonly Folder[] } | null = null;

  /** The folder that was found whole, with its files. */
  #checked = '';

  constructor(options: BranchOptions) {
    this.#options = options;
  }

  async last(): Promise<DeliveredExport | null> {
    return this.#explained(async () => this.lastAt((await readTip(this.#options.open)).base));
  }

  /** The last export of the chain in the tree of a commit; null: there is no commit. */
  async lastAt(head: Head | null): Promise<DeliveredExport | null> {
    for (const folder of await this.#look(head)) {
      const link = await this.#read(folder);
      if (!link.chained || link.scope !== this.#options.scope) continue;
      await this.#check(folder, link);
      return link;
    }
    return null;
  }

  before(link: DeliveredExport): Promise<DeliveredExport | null> {
    return this.#explained(() => this.#before(link));
  }

  async #before({ before, window }: DeliveredExport): Promise<DeliveredExport | null> {
    for (const folder of this.#folders?.found ?? []) {
      if (before === null || folder.to > window.from) continue;
      const link = await this.#read(folder);
      if (link.id === before.id && link.sha256 === before.sha256) return link;
    }
    return null;
  }

  async read(link: DeliveredExport, file: DeliveredExport['files'][number]): Promise<Buffer> {
    const entry = this.#folders?.found.find((folder) => this.#placeOf(folder) === link.place)?.files.get(file.name);
    if (entry === undefined) throw damaged(link.place, `${file.name} is missing`);
    return checkContent(link, file, await this.#explained(() => this.#options.open.repository.blob(entry.sha)));
  }

  /** What GitHub refuses, with the way out. */
  async #explained<Value>(work: () => Promise<Value>): Promise<Value> {
    const { repository, branch } = this.#options.open;
    try {
      return await work();
    } catch (error) {
      throw explained(error, repository.fullName, branch);
    }
  }

  /** The folders that look like exports, the newest first. */
  async #look(head: Head | null): Promise<readonly Folder[]> {
    const { prefix, pattern, open } = this.#options;
    const tree = head === null ? null : await open.repository.folder(head.tree, prefix);
    if (tree === null || tree === 'file') return [];
    if (this.#folders?.tree === tree) return this.#folders.found;
    const folders = new Map<string, Folder | null>();
    for (const entry of await open.repository.filesBelow(tree)) {
      const full = [...prefix, entry.path].join('/');
      const path = full.slice(0, full.lastIndexOf('/'));
      const folder = folders.has(path) ? folders.get(path) : folderOf(path, pattern);
      folders.set(path, folder ?? null);
      folder?.files.set(full.slice(path.length + 1), entry);
    }
    const found = [...folders.values()]
      .filter((folder) => folder !== null)
      .filter(({ files }) =>
        [...files.keys()].some((name) => name === MANIFEST || name === SUMS || name.endsWith('.csv')),
      )
      .sort((a, b) => b.to - a.to || b.revision - a.revision);
    this.#folders = { tree, found };
    return found;
  }

  async #read(folder: Folder): Promise<DeliveredExport> {
    const entry = folder.files.get(MANIFEST);
    if (entry === undefined) throw damaged(this.#placeOf(folder), `${MANIFEST} is missing`);
    const known = this.#links.get(entry.sha);
    if (known !== undefined) return known;
    const link = readDeliveredExport(await this.#options.open.repository.blob(entry.sha), this.#placeOf(folder));
    this.#links.set(entry.sha, link);
    return link;
  }

  /** That all files are there, and the manifest is the one that was delivered. */
  async #check(folder: Folder, link: DeliveredExport): Promise<void> {
    const state = JSON.stringify([folder.path, [...folder.files].map(([name, { sha }]) => [name, sha])]);
    if (this.#checked === state) return;
    const gone = [...link.files, ...link.copies].find(({ name, bytes }) => folder.files.get(name)?.bytes !== bytes);
    if (gone !== undefined) throw damaged(link.place, `${gone.name} is missing or of another size`);
    const sums = folder.files.get(SUMS);
    if (sums === undefined) throw damaged(link.place, `${SUMS} is missing`);
    checkSums(link, await this.#options.open.repository.blob(sums.sha));
    this.#checked = state;
  }

  #placeOf({ path }: Folder): string {
    return `${path} on branch ${this.#options.open.branch} of ${this.#options.open.repository.fullName}`;
  }
}

function folderOf(path: string, pattern: RegExp): Folder | null {
  const [suffix = '', revision = '1'] = REVISION.exec(path) ?? [];
  const groups = pattern.exec(path.slice(0, path.length - suffix.length))?.groups;
  const to = endInName(groups?.['to'] ?? groups?.['export'] ?? '');
  return to === null ? null : { path, to, revision: Number(revision), files: new Map() };
}
