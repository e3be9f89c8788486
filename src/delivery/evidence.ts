import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checksumsText, type Digest, hashBytes } from '../base/digest.ts';
import { onDisk } from '../base/disk.ts';
import type { CsvFile } from '../export/part-files.ts';

/** The name of an export's manifest; a folder without a manifest is no export. */
export const MANIFEST = 'datapackage.json';
/**
 * The version of the object `export` in manifests. Manifests without a version are of version 1: their counts were called
 * `cut` (now `outside_window`), `repeated` (`duplicates`) and `known` (`already_exported`).
 */
export const MANIFEST_VERSION = 2;

/** The name of the file with the checksums of an export's other files. */
export const SUMS = 'SHA256SUMS';

/** A file of the export, with its digest. */
export interface ListedFile extends Digest {
  readonly name: string;
}

/**
 * Writes `SHA256SUMS`, and last of all the manifest: a folder without a manifest is no export.
 * Returns all files of the export, the CSV first, in the order of its parts; and the manifest's bytes.
 * Throws `destination` where the disk refuses.
 */
export async function writeEvidence(
  folder: string,
  csvs: readonly CsvFile[],
  manifest: object,
): Promise<{ files: ListedFile[]; manifest: Buffer }> {
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  const files = [
    ...csvs.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
    { name: MANIFEST, ...hashBytes(bytes) },
  ];
  const sums = Buffer.from(checksumsText(files));
  await write(join(folder, SUMS), sums);
  await write(join(folder, MANIFEST), bytes);
  return { files: [...files, { name: SUMS, ...hashBytes(sums) }], manifest: bytes };
}

const write = (path: string, bytes: Buffer): Promise<void> =>
  onDisk(path, () => writeFile(path, bytes, { flag: 'wx', flush: true }));
