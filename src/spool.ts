import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk, refused } from './disk.ts';
import type { Download } from './types.ts';

/** A response stays in memory up to here, in bytes: pages do, whole logs in one response do not. */
export const MEMORY_BYTES = 8 * 2 ** 20;

/** What is written to the disk, and read from it, at once; bytes. */
const CHUNK_BYTES = 2 ** 19;

export type Content = Omit<Download, 'where'>;

/** Takes the bytes of one response as they come, in memory as far as that is allowed, and then in a file without a name. */
export class Spool {
  readonly #folder: string;
  readonly #memoryBytes: number;
  /** Not yet on the disk. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #file: OpenFile | null = null;

  /** `folder` is only used, and has to be there, where the bytes do not stay in memory. */
  constructor(folder: string, memoryBytes: number) {
    this.#folder = folder;
    this.#memoryBytes = memoryBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the bytes over; they must not be changed later. Throws `destination`. */
  async write(chunk: Buffer): Promise<void> {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.#bytes += chunk.length;
    if (this.#pendingBytes > (this.#file === null ? this.#memoryBytes : CHUNK_BYTES)) await this.#flush();
  }

  /** The bytes, once there are no more to come. Throws `destination`. */
  async finish(): Promise<Content> {
    if (this.#file === null) return inMemory(this.#takePending());
    await this.#flush();
    return this.#file.content(this.#bytes);
  }

  /** Gives back what the bytes take, where nobody wants them any more. */
  async discard(): Promise<void> {
    this.#pending = [];
    await this.#file?.close();
  }

  async #flush(): Promise<void> {
    this.#file ??= await OpenFile.make(join(this.#folder, `audit-log-export-response-${randomUUID()}`));
    await this.#file.append(this.#takePending());
  }

  #takePending(): Buffer {
    const [only = Buffer.of()] = this.#pending;
    const all = this.#pending.length <= 1 ? only : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    return all;
  }
}

/** Bytes in memory as the content of a response; there is nothing to give back. */
export function inMemory(body: Buffer): Content {
  return {
    body,
    bytes: body.length,
    chunks: async function* () {
      for (let at = 0; at < body.length; at += CHUNK_BYTES) yield body.subarray(at, at + CHUNK_BYTES);
    },
    release: async () => {},
  };
}

/** A file of our own that has lost its name as soon as it was opened, so that no end of the program leaves it behind. */
class OpenFile {
  readonly #path: string;
  readonly #file: FileHandle;
  /** Where the platform removes no file that is open. */
  readonly #stillNamed: boolean;
  #closed: Promise<void> | null = null;

  private constructor(path: string, file: FileHandle, stillNamed: boolean) {
    this.#path = path;
    this.#file = file;
    this.#stillNamed = stillNamed;
  }

  static async make(path: string): Promise<OpenFile> {
    const file = await onDisk(path, () => open(path, 'wx+', 0o600));
    const stillNamed = await unlink(path).then(
      () => false,
      () => true,
    );
    return new OpenFile(path, file, stillNamed);
  }

  async append(bytes: Buffer): Promise<void> {
    await onDisk(this.#path, () => this.#file.writeFile(bytes));
  }

  content(bytes: number): Content {
    return { body: null, bytes, chunks: () => this.#chunks(bytes), release: () => this.close() };
  }

  async *#chunks(bytes: number): AsyncGenerator<Buffer> {
    let coming = this.#read(0, bytes);
    for (let at = 0; at < bytes; ) {
      const chunk = await coming;
      at += chunk.length;
      // The disk reads on while somebody works on what it gave.
      if (at < bytes) coming = this.#read(at, bytes);
      coming.catch(() => {});
      yield chunk;
    }
  }

  async #read(at: number, bytes: number): Promise<Buffer> {
    // A new one each time: whoever reads may keep parts of the ones before.
    const room = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, bytes - at));
    const { bytesRead } = await onDisk(this.#path, () => this.#file.read(room, 0, room.length, at));
    if (bytesRead === 0) throw refused(this.#path, 'A response that was put aside has become shorter.', undefined);
    return room.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** What cannot be closed or removed harms no export: the runner clears its temporary folder. */
  async #close(): Promise<void> {
    await this.#file.close().catch(() => {});
    if (this.#stillNamed) await unlink(this.#path).catch(() => {});
  }
}
