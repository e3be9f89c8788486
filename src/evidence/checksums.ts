import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Size in bytes and SHA-256 (lower-case hex) of some bytes. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** The digest of a file, read from the disk. */
export async function hashFile(path: string): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The digest of bytes in memory. */
export function hashBytes(data: Buffer): Digest {
  return { bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') };
}

/** The text of a `SHA256SUMS` file, as `sha256sum -c` reads it. File names here have no line breaks or backslashes. */
export function checksumsText(files: readonly { readonly name: string; readonly sha256: string }[]): string {
  return files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}
