import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from './errors.ts';

/** The outcome of work on a file or folder. Throws `destination` where the disk refuses it. */
export async function onDisk<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'no error code';
    throw diskError(path, `The export cannot be written (${code}).`, cause);
  }
}

/** The error for a disk that does not do what it was asked. */
export const diskError = (path: string, what: string, cause: unknown): ExportError =>
  new ExportError('destination', what, {
    where: path,
    next: 'Check the space and the health of the disk of the runner, and run the export again.',
    cause,
  });

/**
 * Removes a folder with all that is in it, as far as the disk lets it: what stays has no name that anybody takes for an
 * export. At once, and again where something is just being written into it, as by a download that was cancelled.
 */
export function removeAll(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  } catch {
    // Why the run ends is what people need to know.
  }
}

/** Writes all bytes at a place of a file: a disk that is nearly full takes some of them first. Throws what it throws. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/**
 * A file without a name, for what has to wait outside of memory: nothing of it is left when it is closed, or when the
 * run is killed. Throws what the disk throws.
 */
export async function openScratch(folder: string): Promise<FileHandle> {
  const path = join(folder, `.scratch-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
