import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A file to be committed; it is read when it is needed, since all of them may be more than fits into memory. */
export interface FileToWrite {
  readonly path: string;
  readonly bytes: number;
  /** The object name that Git gives to its content. */
  readonly blob: string;
  readonly read: () => Promise<Buffer>;
}

/** A small file from memory. */
export function fileOf(path: string, content: Buffer): FileToWrite {
  return { path, bytes: content.length, blob: blobName(content), read: async () => content };
}

/** A file from the disk: absolute, and of so many bytes. */
export async function fileOnDisk(path: string, name: string, bytes: number): Promise<FileToWrite> {
  const hash = createHash('sha1').update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return { path: name, bytes, blob: hash.digest('hex'), read: () => readFile(path) };
}

/** The object name that Git gives to this content. */
export const blobName = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
