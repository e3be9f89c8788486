import type { FileHandle } from 'node:fs/promises';
import { diskError, onDisk, openScratch } from '../base/disk.ts';
import { takeMemory } from '../base/memory.ts';
import type { Download } from './call.ts';

/** Size up to which a response stays in memory, in bytes: a page does, a whole log in one response does not. */
export const MEMORY_BYTES = 4 * 2 ** 20;

/** Size of one write to the disk, or read from it, in bytes. */
const CHUNK_BYTES = 2 ** 19;

export type Content = Omit<Download, 'where'>;

/** Keeps the bytes of one response as they arrive: in memory up to a limit, then in a file without a name. */
export class Spool {
  readonly #folder: string;
  readonly #memoryBytes: number;
  /** Chunks that are not on the disk yet. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #file: OpenFile | null = null;

  /** @param folder used, and has to exist, only if the bytes do not fit into memory */
  constructor(folder: string, memoryBytes: number) {
    this.#folder = folder;
    this.#memoryBytes = memoryBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a chunk, without a copy: its bytes must not change later. Throws `destination`. */
  async write(chunk: Buffer): Promise<void> {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.#bytes += chunk.length;
    if (this.#pendingBytes > (this.#file === null ? this.#memoryBytes : CHUNK_BYTES)) await this.#flush();
  }

  /** Returns the content, once all chunks are written. Throws `destination`. */
  async finish(): Promise<Content> {
    if (this.#file === null) return inMemory(this.#takePending());
    await this.#flush();
    return this.#file.content(this.#bytes);
  }

  /** Frees memory and disk, if the content is not wanted. */
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
  for (const chunk of chunks) at += chunk.copy(all, at);
  return all;
}

/** Makes the content of a response from bytes in memory. */
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

/** A file without a name that holds the content of a response. */
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
      // The disk reads the next chunk while the caller works on this one.
      if (at < bytes) coming = this.#read(at, bytes);
      coming.catch(() => {});
      yield chunk;
    }
  }

  async #read(at: number, bytes: number): Promise<Buffer> {
    // A new buffer each time: callers may keep parts of earlier chunks.
    const room = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, bytes - at));
    const { bytesRead } = await onDisk(this.#folder, () => this.#file.read(room, 0, room.length, at));
    if (bytesRead === 0) throw diskError(this.#folder, 'A response that was put aside has become shorter.', undefined);
    return room.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    // A failure to close harms no export.
    this.#closed ??= this.#file.close().catch(() => {});
    return this.#closed;
  }
}
