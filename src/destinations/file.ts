import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { ExportError } from '../errors.ts';

/** The folder of one export, made for it. */
export interface ExportFolder {
  readonly path: string;
  /** Removes it with all that is in it, and the temporary folder around it, if one was made. */
  readonly remove: () => Promise<void>;
}

/**
 * Makes the folder `<parent>/<name>`: under the workspace where `path` says so, else in a new folder in the runner's
 * temp. Throws `destination` where it is there already or the disk refuses, `input` where a link leads out of the
 * workspace.
 */
export async function makeFolder(
  name: string,
  { path, workspace, temp }: { path: string | null; workspace: string; temp: string },
): Promise<ExportFolder> {
  if (path !== null) {
    const folder = join(await under(workspace, path), name);
    if (!(await makeOne(folder))) throw taken(folder);
    return { path: folder, remove: () => removeAll(folder) };
  }
  const parent = join(temp || tmpdir(), 'audit-log-export-');
  const own = await mkdtemp(parent).catch((cause: unknown) => {
    throw unusable(parent, cause);
  });
  try {
    await makeOne(join(own, name));
  } catch (error) {
    await removeAll(own);
    throw error;
  }
  return { path: join(own, name), remove: () => removeAll(own) };
}

/** `path` in the workspace, made where it is missing, and found to be inside whatever links are on the way. */
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

/** Whether the folder was made; false where something of its name is there. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unusable(folder, cause);
  }
}

const real = (folder: string): Promise<string> =>
  realpath(folder).catch((cause: unknown) => {
    throw unusable(folder, cause);
  });

const removeAll = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

const taken = (folder: string): ExportError =>
  new ExportError('destination', 'An export of that name is there already; it was left as it is.', {
    where: folder,
    next: 'Remove it, or choose another `path` or window.',
  });

const unusable = (folder: string, cause: unknown): ExportError =>
  new ExportError('destination', 'The folder of the export cannot be made.', {
    where: folder,
    next: 'Check the input `path`, that no file has its name, and the permissions and the space of the disk.',
    cause,
  });
