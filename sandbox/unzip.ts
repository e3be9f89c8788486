import { normalize } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';

/**
 * The files of a zip, by name, from its central directory; folders are left out.
 * Throws where a checksum is wrong, a name leaves the folder, or the zip uses what the artifact client never writes (encryption, ZIP64).
 */
export function unzip(zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0) {
    throw new Error('not a zip: no end of central directory');
  }
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== 0x02014b50) {
      throw new Error(`not a zip: no central directory entry at ${at}`);
    }
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(start, start + zip.readUInt32LE(at + 20));
    const content = zip.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed);
    if (content.length !== zip.readUInt32LE(at + 24) || crc32(content) !== zip.readUInt32LE(at + 16)) {
      throw new Error(`${name}: the length or the checksum is wrong`);
    }
    if (normalize(name) !== name || name.startsWith('/') || name.startsWith('..')) {
      throw new Error(`${name}: leaves the folder`);
    }
    if (!name.endsWith('/')) {
      files.set(name, content);
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}
