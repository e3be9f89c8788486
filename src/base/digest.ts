import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Size in bytes and SHA-256 in lower-case hex. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** Size of one read from the disk. While one chunk is read, the one before is hashed. */
const CHUNK_BYTES = 2 ** 20;

/** Reads a file from the disk and returns its digest. Throws what the disk throws. */
export async function hashFile(path: string): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path);
  try {
    const buffers = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)] as const;
    let reading = file.read(buffers[0]);
    for (let round = 1; ; round++) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) break;
      reading = file.read(buffers[round % 2 === 0 ? 0 : 1]);
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Returns the digest of bytes in memory. */
export function hashBytes(data: Buffer): Digest {
  return { bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') };
}

/** The text of a `SHA256SUMS` file, as `sha256sum -c` reads it. File names here have no line breaks or backslashes. */
export function checksumsText(files: readonly { readonly name: string; readonly sha256: string }[]): string {
  return files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}
