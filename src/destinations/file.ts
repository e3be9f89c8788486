import { mkdir, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
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
 * temp. Throws `destination` where it is there already, or where a link leads out of the workspace.
 */
export async function makeFolder(
  name: string,
  { path, workspace, temp }: { path: string | null; workspace: string; temp: string },
): Promise<ExportFolder> {
  const parent =
    path === null ? await mkdtemp(join(temp || tmpdir(), 'audit-log-export-')) : await under(workspace, path);
  const folder = join(parent, name);
  try {
    await mkdir(folder);
  } catch (cause) {
    const there = await stat(folder).then(
      () => true,
      () => false,
    );
    throw new ExportError(
      'destination',
      there ? 'An export of that name is there already; it was left as it is.' : 'The folder cannot be made.',
      {
        where: folder,
        next: there
          ? 'Remove it, or choose another `path` or window.'
          : 'Check the permissions and the space of the disk.',
        cause,
      },
    );
  }
  return { path: folder, remove: () => rm(path === null ? parent : folder, { recursive: true, force: true }) };
}

async function under(workspace: string, path: string): Promise<string> {
  const root = await realpath(workspace);
  let at = root;
  for (const part of path.split('/').filter((name) => name !== '' && name !== '.')) {
    at = join(at, part);
    await mkdir(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw unusable(path, error);
    });
    const real = await realpath(at).catch((error: unknown) => {
      throw unusable(path, error);
    });
    if (real === root || real.startsWith(root + sep)) continue;
    throw new ExportError('input', `\`${path}\` leads out of the workspace, through a link.`, {
      where: 'input `path`',
      next: 'Choose a folder that lies in the workspace.',
    });
  }
  return at;
}

const unusable = (path: string, cause: unknown): ExportError =>
  new ExportError('destination', `The folder \`${path}\` cannot be made.`, {
    where: 'input `path`',
    next: 'Check that no file has its name, and the permissions of the workspace.',
    cause,
  });
