import { createHash } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { type Digest, hashFile } from '../base/digest.ts';
import { diskError, onDisk } from '../base/disk.ts';
import type { ExportError } from '../base/errors.ts';

/**
 * A file that is hashed while it is written to `<path>.partial`, and gets its name after the disk has given back equal
 * bytes. Every method throws `destination` where the disk refuses.
 */
export class VerifiedFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  /** Short chunks, which are written together; null until there is one. */
  #pending: Buffer | null = null;
  #pendingBytes = 0;
  #isVerified = false;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<VerifiedFile> {
    return new VerifiedFile(path, await onDisk(path, () => open(partialOf(path), 'wx')));
  }

  /** Appends a chunk. The caller may change the chunk once the promise has resolved. */
  async write(chunk: Buffer): Promise<void> {
    if (this.#isVerified) throw new Error('A file that was read back takes nothing more.');
    this.#bytes += chunk.length;
    if (this.#pendingBytes + chunk.length > PENDING_BYTES) await this.#flush();
    if (chunk.length > PENDING_BYTES) {
      await this.#write(chunk);
    } else {
      this.#pending ??= Buffer.allocUnsafeSlow(PENDING_BYTES);
      this.#pendingBytes += chunk.copy(this.#pending, this.#pendingBytes);
    }
  }

  /**
   * Syncs the file, reads it back meanwhile, and returns its digest. Nothing can be written after that. Throws
   * `destination` where the bytes read differ from those written.
   */
  async verify(): Promise<Digest> {
    await this.#flush();
    this.#pending = null;
    this.#isVerified = true;
    const written = { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
    const [read] = await onDisk(this.#path, () => Promise.all([hashFile(partialOf(this.#path)), this.#file.sync()]));
    if (read.sha256 !== written.sha256 || read.bytes !== written.bytes) {
      throw fileChangedError(this.#path, undefined);
    }
    return written;
  }

  /** Gives a verified file its name, in the folder of `<path>.partial`. */
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
    // The CPU hashes while the disk writes.
    this.#hash.update(bytes);
    await writing;
  }

  /** Closes the file; what was written stays, as `.partial` where it has no name yet. */
  async close(): Promise<void> {
    await onDisk(this.#path, () => this.#file.close());
  }
}

/** Most bytes of short chunks that are written together. */
const PENDING_BYTES = 2 ** 16;

const partialOf = (path: string): string => `${path}.partial`;

/** Returns the error for a file whose bytes on the disk are not those that were written. */
export const fileChangedError = (path: string, cause: unknown): ExportError =>
  diskError(path, 'The file that the disk gives back is not the one that was written.', cause);
