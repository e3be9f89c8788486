import {
  checkContent,
  checkSums,
  type DeliveredExport,
  damagedExportError,
  readDeliveredExport,
} from './delivered-export.ts';
import { MANIFEST, SUMS } from './evidence.ts';
import { errorForRefusal, type OpenBranch, readTip } from './github/branch.ts';
import type { Head } from './github/repository.ts';
import type { TreeEntry } from './github/tree.ts';
import type { History } from './history.ts';
import { endInName } from './names.ts';

/** Options of a `BranchHistory`. */
export interface BranchOptions {
  readonly open: OpenBranch;
  /** The names of the folders, outermost first, that all exports are below. */
  readonly prefix: readonly string[];
  /** Matches the folders of exports; its group `to` or `export` holds the end of the window. */
  readonly pattern: RegExp;
  readonly scope: string;
}

/** A folder that may hold an export. */
interface Folder {
  readonly path: string;
  /** The end of the window, from the folder's name; milliseconds since 1970. */
  readonly to: number;
  readonly revision: number;
  /** The entries of the files, by name. */
  readonly files: Map<string, TreeEntry>;
}

/** Matches the end of `…/kosli-acme-…-r2`: the second export of that path, the first being `…/kosli-acme-…`. */
const REVISION = /-r(\d+)$/;

/** The exports that were committed to a branch. */
export class BranchHistory implements History {
  readonly #options: BranchOptions;
  /** Exports whose manifests were read, by the name of the manifest's blob. */
  readonly #exports = new Map<string, DeliveredExport>();
  /** The folders of exports, and the tree that they were found in; null before the first search. */
  #folders: { readonly tree: string; readonly found: readonly Folder[] } | null = null;

  /** The path and files of the folder that was last checked, as JSON; '' before the first check. */
  #checkedState = '';

  constructor(options: BranchOptions) {
    this.#options = options;
  }

  async last(): Promise<DeliveredExport | null> {
    return this.#withRefusalsExplained(async () => this.lastAt((await readTip(this.#options.open)).base));
  }

  /** Returns the last export of the chain in a commit's tree; null where there is none, or no commit. */
  async lastAt(head: Head | null): Promise<DeliveredExport | null> {
    for (const folder of await this.#findFolders(head)) {
      const link = await this.#read(folder);
      if (!link.chained || link.scope !== this.#options.scope) continue;
      await this.#check(folder, link);
      return link;
    }
    return null;
  }

  before(link: DeliveredExport): Promise<DeliveredExport | null> {
    return this.#withRefusalsExplained(() => this.#before(link));
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
    if (entry === undefined) throw damagedExportError(link.place, `${file.name} is missing`);
    return checkContent(
      link,
      file,
      await this.#withRefusalsExplained(() => this.#options.open.repository.blob(entry.sha)),
    );
  }

  /** Runs `work`, and throws its refusals as `ExportError` with the way out. */
  async #withRefusalsExplained<Value>(work: () => Promise<Value>): Promise<Value> {
    const { repository, branch } = this.#options.open;
    try {
      return await work();
    } catch (error) {
      throw errorForRefusal(error, repository.fullName, branch);
    }
  }

  /** Returns the folders that look like exports, the newest first. */
  async #findFolders(head: Head | null): Promise<readonly Folder[]> {
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
    if (entry === undefined) throw damagedExportError(this.#placeOf(folder), `${MANIFEST} is missing`);
    const known = this.#exports.get(entry.sha);
    if (known !== undefined) return known;
    const link = readDeliveredExport(await this.#options.open.repository.blob(entry.sha), this.#placeOf(folder));
    this.#exports.set(entry.sha, link);
    return link;
  }

  /** Throws `destination` where a file is missing or of another size, or the manifest is not the delivered one. */
  async #check(folder: Folder, link: DeliveredExport): Promise<void> {
    const state = JSON.stringify([folder.path, [...folder.files].map(([name, { sha }]) => [name, sha])]);
    if (this.#checkedState === state) return;
    const missing = [...link.files, ...link.copies].find(({ name, bytes }) => folder.files.get(name)?.bytes !== bytes);
    if (missing !== undefined) throw damagedExportError(link.place, `${missing.name} is missing or of another size`);
    const sums = folder.files.get(SUMS);
    if (sums === undefined) throw damagedExportError(link.place, `${SUMS} is missing`);
    checkSums(link, await this.#options.open.repository.blob(sums.sha));
    this.#checkedState = state;
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
