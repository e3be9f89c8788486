import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A file to be committed; read when it is needed, since all files together may not fit into memory. */
export interface FileToWrite {
  /** The path in the repository. */
  readonly path: string;
  readonly bytes: number;
  /** The object name that Git gives to the content. */
  readonly blob: string;
  readonly read: () => Promise<Buffer>;
}

/** Returns a small file whose content is in memory. */
export function fileInMemory(path: string, content: Buffer): FileToWrite {
  return { path, bytes: content.length, blob: blobName(content), read: async () => content };
}

/** Returns a file that is on the disk at the absolute path `path`, `bytes` long, to be committed as `name`. */
export async function fileOnDisk(path: string, name: string, bytes: number): Promise<FileToWrite> {
  const hash = createHash('sha1').update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return { path: name, bytes, blob: hash.digest('hex'), read: () => readFile(path) };
}

/** Returns the object name that Git gives to a content, in SHA-1. */
export const blobName = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
