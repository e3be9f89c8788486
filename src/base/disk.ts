import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from './errors.ts';

/** Runs work on a file or folder and returns its result. Throws `destination` for any error of the disk. */
export async function onDisk<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'no error code';
    throw diskError(path, `The export cannot be written (${code}).`, cause);
  }
}

/** The `destination` error for a disk that failed; `what` says at what, in a sentence. */
export const diskError = (path: string, what: string, cause: unknown): ExportError =>
  new ExportError('destination', what, {
    where: path,
    next: 'Check the space and the health of the disk of the runner, and run the export again.',
    cause,
  });

/**
 * Removes a folder and its contents. Never throws: leftovers have no name that could be taken for an export.
 * Retries, since a download that was cancelled may still be writing into the folder.
 */
export function removeAll(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  } catch {
    // The error that ends the run must not be replaced by this one.
  }
}

/**
 * Writes all bytes at a position of a file. A disk that is nearly full may take a part of them before it fails, so one
 * call of `write` is not enough. Throws what the disk throws.
 */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/**
 * Opens a file without a name, for data that does not fit into memory. The file is gone once it is closed, or the run
 * is killed. Throws what the disk throws.
 */
export async function openScratch(folder: string): Promise<FileHandle> {
  const path = join(folder, `.scratch-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
