import { checksumsText, hashBytes } from '../base/digest.ts';
import { ExportError } from '../base/errors.ts';
import { field, isObject, type JsonObject } from '../json/values.ts';
import { parseInstant } from '../time/instant.ts';
import type { Window } from '../time/window.ts';
import { type ListedFile, MANIFEST, MANIFEST_VERSION, SUMS } from './evidence.ts';

/** Reference of an export to the one before it in its chain. */
export interface PreviousExport {
  readonly id: string;
  /** The SHA-256 of the export's manifest, in hex. */
  readonly sha256: string;
  /** The id of the artifact that holds the export; null where it is on a branch, or not delivered yet. */
  readonly artifact: number | null;
}

/** A delivered export, as far as the next one has to know it. */
export interface DeliveredExport extends PreviousExport {
  /** Digest of vendor, host, organisation, filters and columns: exports of one scope follow each other. */
  readonly scope: string;
  readonly window: Window;
  /** The export that this one goes on from; null where it is the first of its chain, or stands alone. */
  readonly before: PreviousExport | null;
  /** Whether the export was made by `from: last-export`; others stand alone and move no chain on. */
  readonly chained: boolean;
  /** Whether events between the one before and this one are missing for good. */
  readonly gap: boolean;
  /** The CSV files, in order of their parts. */
  readonly files: readonly ListedFile[];
  /** The copies for spreadsheets; delivered with the CSV files, and never read as events. */
  readonly copies: readonly ListedFile[];
  /** The place where the export was found, for messages: a folder of a branch, or an artifact. */
  readonly place: string;
}

/**
 * Reads a manifest that `manifestOf` wrote. Throws `destination` where it is damaged: a damaged manifest is never taken
 * for a missing one, since the next export would then leave a gap or write events twice.
 */
export function readDeliveredExport(bytes: Buffer, place: string, artifact: number | null = null): DeliveredExport {
  const manifest = parse(bytes);
  const about = object(manifest, 'export');
  checkVersion(about, place);
  const window = object(about, 'window');
  const chain = field(about, 'chain');
  const before = isObject(chain) ? field(chain, 'previous') : null;
  const gap = field(about, 'gap');
  const resources = field(manifest, 'resources');
  const csvs = Array.isArray(resources) ? resources.map(csvOf) : [];
  const link = {
    id: field(manifest, 'id'),
    scope: field(about, 'scope'),
    from: instant(window, 'from'),
    to: instant(window, 'to'),
  };
  const { id, scope, from, to } = link;
  const isValid =
    typeof id === 'string' &&
    typeof scope === 'string' &&
    from !== null &&
    to !== null &&
    from < to &&
    [chain, before, gap].every((one) => one === null || isObject(one));
  if (!isValid || !csvs.every((csv) => csv !== null)) throw damagedExportError(place);
  const files = csvs.filter(({ copy }) => !copy).map(({ file }) => file);
  if (files.length === 0) throw damagedExportError(place);
  return {
    id,
    sha256: hashBytes(bytes).sha256,
    artifact,
    scope,
    window: { from, to },
    before: isObject(before) ? beforeOf(before, place) : null,
    chained: isObject(chain),
    gap: gap !== null,
    files,
    copies: csvs.filter(({ copy }) => copy).map(({ file }) => file),
    place,
  };
}

/**
 * Throws `destination` where a manifest is of a version that this exporter does not know. Version 1 had no version, and
 * differs in the names of counts alone, which are not read.
 */
function checkVersion(about: JsonObject, place: string): void {
  const given = field(about, 'version');
  const version = given === undefined ? 1 : given;
  if (!isCount(version) || version === 0) throw damagedExportError(place, 'the version of its manifest cannot be read');
  if (version > MANIFEST_VERSION) throw newerManifestError(place, version);
}

const newerManifestError = (place: string, version: number): ExportError =>
  new ExportError(
    'destination',
    `The last export has a manifest of version ${version}, and this exporter reads versions up to ${MANIFEST_VERSION}.`,
    { where: place, next: 'Use the version of the action that wrote it, or a later one.' },
  );

/** Throws `destination` where an export's `SHA256SUMS` does not agree with its manifest. */
export function checkSums({ files, copies, sha256, place }: DeliveredExport, sums: Buffer): void {
  if (sums.toString('utf8') === checksumsText([...files, ...copies, { name: MANIFEST, sha256 }])) return;
  throw damagedExportError(place, `${SUMS} does not agree with its manifest`);
}

/** Returns the content of an export's file. Throws `destination` where it does not have the digest of its manifest. */
export function checkContent(
  { place }: DeliveredExport,
  { name, sha256 }: DeliveredExport['files'][number],
  content: Buffer,
): Buffer {
  if (hashBytes(content).sha256 === sha256) return content;
  throw damagedExportError(place, `${name} is not what its manifest says`);
}

/** Whether two exports agree in scope, window, the export that they go on from, and the bytes of their CSV files. */
export function hasSameContent(one: DeliveredExport, other: DeliveredExport): boolean {
  const contentOf = ({ scope, window, before, chained, files }: DeliveredExport) =>
    JSON.stringify([scope, window, before, chained, files]);
  return contentOf(one) === contentOf(other);
}

/** Returns the error for an export that is there, but not as it was delivered. */
export const damagedExportError = (place: string, what = 'its manifest cannot be read'): ExportError =>
  new ExportError('destination', `The last export is damaged: ${what}.`, {
    where: place,
    next: 'Restore it as it was delivered, or remove it whole: the next run then goes on from the export before it.',
  });

function parse(bytes: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function object(of: JsonObject, name: string): JsonObject {
  const value = field(of, name);
  return isObject(value) ? value : {};
}

function instant(of: JsonObject, name: string): number | null {
  const value = field(of, name);
  const time = typeof value === 'string' ? parseInstant(value) : null;
  return isCount(time) ? time : null;
}

function beforeOf(value: JsonObject, place: string): PreviousExport {
  const id = field(value, 'id');
  const sha256 = field(value, 'sha256');
  const artifact = field(value, 'artifact') ?? null;
  if (typeof id === 'string' && typeof sha256 === 'string' && (artifact === null || isCount(artifact))) {
    return { id, sha256, artifact };
  }
  throw damagedExportError(place);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** Reads a resource of the manifest; null where it is damaged. `copy` says that the file is a copy for spreadsheets. */
function csvOf(resource: unknown): { readonly file: ListedFile; readonly copy: boolean } | null {
  if (!isObject(resource)) return null;
  const guarded = field(resource, 'guarded');
  if (guarded !== undefined && !isObject(guarded)) return null;
  const [name, bytes, hash] = ['path', 'bytes', 'hash'].map((key) => field(resource, key));
  if (typeof name !== 'string' || !isCount(bytes) || typeof hash !== 'string') return null;
  return /^[\w.-]+\.csv$/.test(name) && /^sha256:[0-9a-f]{64}$/.test(hash)
    ? { file: { name, bytes, sha256: hash.slice(7) }, copy: guarded !== undefined }
    : null;
}
