import type { FileHandle } from 'node:fs/promises';
import { diskError, onDisk, openScratch } from '../base/disk.ts';
import { takeMemory } from '../base/memory.ts';
import type { Download } from './call.ts';

/** A response stays in memory up to here, in bytes: pages do, whole logs in one response do not. */
export const MEMORY_BYTES = 4 * 2 ** 20;

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
    this.#file ??= await OpenFile.make(this.#folder);
    await this.#file.append(this.#takePending());
  }

  #takePending(): Buffer {
    const all = concatenated(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    return all;
  }
}

function concatenated(chunks: readonly Buffer[], bytes: number): Buffer {
  const [only = Buffer.of()] = chunks;
  if (chunks.length <= 1) return only;
  const all = takeMemory(bytes).subarray(0, bytes);
  let at = 0;
  for (const piece of chunks) at += piece.copy(all, at);
  return all;
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

/** Bytes in a file that has no name. */
class OpenFile {
  readonly #folder: string;
  readonly #file: FileHandle;
  #closed: Promise<void> | null = null;

  private constructor(folder: string, file: FileHandle) {
    this.#folder = folder;
    this.#file = file;
  }

  static async make(folder: string): Promise<OpenFile> {
    return new OpenFile(folder, await onDisk(folder, () => openScratch(folder)));
  }

  async append(bytes: Buffer): Promise<void> {
    await onDisk(this.#folder, () => this.#file.writeFile(bytes));
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
    const { bytesRead } = await onDisk(this.#folder, () => this.#file.read(room, 0, room.length, at));
    if (bytesRead === 0) throw diskError(this.#folder, 'A response that was put aside has become shorter.', undefined);
    return room.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    // What cannot be closed harms no export.
    this.#closed ??= this.#file.close().catch(() => {});
    return this.#closed;
  }
}
