import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportedFile } from '../export.ts';
import { checksumsText, type Digest, hashBytes } from './checksums.ts';

/** A file of the export, with its digest. */
export interface ListedFile extends Digest {
  readonly name: string;
}

/**
 * Writes `SHA256SUMS`, and last of all the manifest: an export without it is not one.
 * Gives all files of the export, the CSV first.
 */
export async function writeEvidence(
  folder: string,
  name: string,
  csv: ExportedFile,
  manifest: object,
): Promise<ListedFile[]> {
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  const files = [
    { name: `${name}.csv`, bytes: csv.bytes, sha256: csv.sha256 },
    { name: 'datapackage.json', ...hashBytes(bytes) },
  ];
  const sums = Buffer.from(checksumsText(files));
  await writeFile(join(folder, 'SHA256SUMS'), sums, { flag: 'wx', flush: true });
  await writeFile(join(folder, 'datapackage.json'), bytes, { flag: 'wx', flush: true });
  return [...files, { name: 'SHA256SUMS', ...hashBytes(sums) }];
}
