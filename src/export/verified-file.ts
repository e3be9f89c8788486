import { createHash } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { type Digest, hashFile } from '../base/digest.ts';
import { diskError, onDisk } from '../base/disk.ts';
import type { ExportError } from '../base/errors.ts';

/**
 * A file that is hashed while it is written to `<path>.partial`, and that may get its name once the disk has given back
 * the same bytes. Everything throws `destination` where the disk refuses.
 */
export class VerifiedFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  /** Short chunks, which are written together. */
  #pending: Buffer | null = null;
  #pendingBytes = 0;
  #isSettled = false;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<VerifiedFile> {
    return new VerifiedFile(path, await onDisk(path, () => open(partialOf(path), 'wx')));
  }

  /** The chunk may change once it has ended. */
  async write(chunk: Buffer): Promise<void> {
    if (this.#isSettled) throw new Error('A file that was read back takes nothing more.');
    this.#bytes += chunk.length;
    if (this.#pendingBytes + chunk.length > PENDING_BYTES) await this.#flush();
    if (chunk.length > PENDING_BYTES) {
      await this.#write(chunk);
    } else {
      this.#pending ??= Buffer.allocUnsafeSlow(PENDING_BYTES);
      this.#pendingBytes += chunk.copy(this.#pending, this.#pendingBytes);
    }
  }

  /** Syncs and reads back at the same time, compares; after that nothing can be written. */
  async settle(): Promise<Digest> {
    await this.#flush();
    this.#pending = null;
    this.#isSettled = true;
    const written = { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
    const [found] = await onDisk(this.#path, () => Promise.all([hashFile(partialOf(this.#path)), this.#file.sync()]));
    if (found.sha256 !== written.sha256 || found.bytes !== written.bytes) {
      throw notAsWritten(this.#path, undefined);
    }
    return written;
  }

  /** Gives a settled file its name, in the same folder. */
  async name(path: string): Promise<void> {
    await onDisk(path, () => rename(partialOf(this.#path), path));
  }

  async #flush(): Promise<void> {
    if (this.#pending === null) return;
    const bytes = this.#pending.subarray(0, this.#pendingBytes);
    this.#pendingBytes = 0;
    await this.#write(bytes);
  }

  async #write(bytes: Buffer): Promise<void> {
    const writing = onDisk(this.#path, () => this.#file.writeFile(bytes));
    // The sum is made while the disk works.
    this.#hash.update(bytes);
    await writing;
  }

  /** Leaves what was written as `.partial`, unless it was named. */
  async close(): Promise<void> {
    await onDisk(this.#path, () => this.#file.close());
  }
}

/** What waits to be written together, at most. */
const PENDING_BYTES = 2 ** 16;

const partialOf = (path: string): string => `${path}.partial`;

/** The error for a file that has changed on the disk. */
export const notAsWritten = (path: string, cause: unknown): ExportError =>
  diskError(path, 'The file that the disk gives back is not the one that was written.', cause);
