import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { hashFile } from '../base/digest.ts';
import { removeAll } from '../base/disk.ts';
import { ExportError } from '../base/errors.ts';
import {
  checkSums,
  type DeliveredExport,
  damagedExportError,
  hasSameContent,
  readDeliveredExport,
} from './delivered-export.ts';
import { MANIFEST, SUMS } from './evidence.ts';

/** The scope and window of the export that a folder is for. */
export type Expected = Pick<DeliveredExport, 'scope' | 'window'>;

/**
 * The folder of one export. Until the export is whole, the folder has a hidden name, which nobody takes for an export,
 * however the run ends; then the folder gets its own name in one step.
 */
export class ExportFolder {
  /** The path under the folder's own name, absolute. */
  readonly place: string;
  /** The path under the hidden name, absolute. */
  readonly #hidden: string;
  /** The temporary folder that holds the export's folder; null where there is none. */
  readonly #around: string | null;
  #named = false;

  private constructor(place: string, around: string | null) {
    this.place = place;
    this.#hidden = hiddenBeside(place);
    this.#around = around;
  }

  /** Makes the folder, under its hidden name. Throws `destination`. */
  static async make(place: string, around: string | null): Promise<ExportFolder> {
    const folder = new ExportFolder(place, around);
    await mkdir(folder.#hidden).catch((cause: unknown) => {
      throw folderError(place, cause);
    });
    return folder;
  }

  /** The path of the folder as it is named now, absolute. */
  get path(): string {
    return this.#named ? this.place : this.#hidden;
  }

  /**
   * Gives the folder of a whole export its own name. Where an export of equal content has that name already, the existing
   * copy stays, and `close` deletes ours. Throws `destination`.
   */
  async name(link: DeliveredExport): Promise<void> {
    try {
      await rename(this.#hidden, this.place);
      this.#named = true;
    } catch (cause) {
      if (!(await isThere(this.place))) throw folderError(this.place, cause);
      const there = await exportIn(this.place);
      if (there === null || !hasSameContent(there, link)) throw nameTakenError(this.place);
    }
  }

  /** Removes the folder under its hidden name, if it still has that. */
  close(): void {
    removeAll(this.#hidden);
  }

  /**
   * Removes the folder and its files, and the temporary folder around. The folder loses its own name before its first file
   * is removed. Everything is removed at once, without waiting: where the run is cancelled, an upload goes on until the
   * program ends, and would send the files that are left.
   */
  remove(): void {
    try {
      if (this.#named) renameSync(this.place, this.#hidden);
    } catch {
      // Then the export stays, whole.
    }
    this.#named = false;
    removeAll(this.#around ?? this.#hidden);
  }
}

/**
 * Makes the folder `<parent>/<name>`: under the workspace where `path` is given, else in a new folder in the runner's
 * temp. Throws `destination` where anything but the expected export is there already or the disk refuses, `input` where a
 * link leads out of the workspace.
 */
export async function makeFolder(
  name: string,
  { path, workspace, temp }: { path: string | null; workspace: string; temp: string },
  expected: Expected,
): Promise<ExportFolder> {
  if (path !== null) {
    const place = join(await under(workspace, path), name);
    if (await isThere(place)) await checkThere(place, expected);
    await clearUp(place);
    return ExportFolder.make(place, null);
  }
  const parent = join(temp || tmpdir(), 'audit-log-export-');
  const around = await mkdtemp(parent).catch((cause: unknown) => {
    throw folderError(parent, cause);
  });
  try {
    return await ExportFolder.make(join(around, name), around);
  } catch (error) {
    removeAll(around);
    throw error;
  }
}

/** Returns `logs/.<name>.partial-1f0c22` for `logs/<name>`: shells and upload-artifact skip hidden names. */
const hiddenBeside = (place: string): string => `${hiddenPrefix(place)}${randomUUID().slice(0, 6)}`;

const hiddenPrefix = (place: string): string =>
  join(dirname(place), `.${place.slice(dirname(place).length + 1)}.partial-`);

/**
 * Removes the hidden folders that killed runs have left of an export. Each is renamed first, so that a run that still goes
 * on cannot give a half-removed folder its name.
 */
async function clearUp(place: string): Promise<void> {
  const names = await readdir(dirname(place)).catch((): string[] => []);
  for (const left of names.map((name) => join(dirname(place), name))) {
    if (!left.startsWith(hiddenPrefix(place))) continue;
    const gone = hiddenBeside(place);
    await rename(left, gone).then(
      () => removeAll(gone),
      () => undefined,
    );
  }
}

/** Throws `destination` unless the expected export lies there, whole. */
async function checkThere(place: string, { scope, window }: Expected): Promise<void> {
  const there = await exportIn(place);
  const same = there !== null && there.scope === scope;
  if (!same || there.window.from !== window.from || there.window.to !== window.to) throw nameTakenError(place);
}

/** Reads the export in a folder; null where there is none, or its files are not as its manifest and sums say. */
async function exportIn(folder: string): Promise<DeliveredExport | null> {
  try {
    if (!(await lstat(folder)).isDirectory()) return null;
    const link = readDeliveredExport(await readFile(join(folder, MANIFEST)), folder);
    checkSums(link, await readFile(join(folder, SUMS)));
    for (const { name, sha256 } of link.files) {
      if ((await hashFile(join(folder, name))).sha256 !== sha256) throw damagedExportError(folder);
    }
    return link;
  } catch {
    return null;
  }
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Makes `path` in the workspace. Throws `input` where a link on the way leads out of the workspace. */
async function under(workspace: string, path: string): Promise<string> {
  const root = await real(workspace);
  let at = root;
  for (const part of path.split('/').filter((name) => name !== '' && name !== '.')) {
    at = join(at, part);
    await makeOne(at);
    if ((await real(at)).startsWith(root + sep)) continue;
    throw new ExportError('input', `\`${path}\` leads out of the workspace, through a link.`, {
      where: 'input `path`',
      next: 'Choose a folder that lies in the workspace.',
    });
  }
  return at;
}

/** Makes a folder, unless something of its name is there. */
async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw folderError(folder, cause);
  }
}

const real = (folder: string): Promise<string> =>
  realpath(folder).catch((cause: unknown) => {
    throw folderError(folder, cause);
  });

const nameTakenError = (folder: string): ExportError =>
  new ExportError('destination', 'An export of that name is there already; it was left as it is.', {
    where: folder,
    next: 'Remove it, or choose another `path` or window.',
  });

const folderError = (folder: string, cause: unknown): ExportError =>
  new ExportError('destination', 'The folder of the export cannot be made.', {
    where: folder,
    next: 'Check the input `path`, that no file has its name, and the permissions and the space of the disk.',
    cause,
  });
