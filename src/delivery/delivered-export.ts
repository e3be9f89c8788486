import { checksumsText, hashBytes } from '../base/digest.ts';
import { ExportError } from '../base/errors.ts';
import { field, isObject, type JsonObject } from '../json/values.ts';
import { parseInstant } from '../time/instant.ts';
import type { Window } from '../time/window.ts';
import { type ListedFile, MANIFEST, MANIFEST_VERSION, SUMS } from './evidence.ts';

/** What one export of a chain says of the one before it. */
export interface PreviousExport {
  readonly id: string;
  /** Of its manifest. */
  readonly sha256: string;
  /** The artifact that it was found in; null where it was found on a branch, or not yet delivered. */
  readonly artifact: number | null;
}

/** A delivered export, as the next one needs to know it. */
export interface DeliveredExport extends PreviousExport {
  /** Which exports follow each other: vendor, host, organisation, filters and columns, as one digest. */
  readonly scope: string;
  readonly window: Window;
  /** null where it is the first, or stands alone. */
  readonly before: PreviousExport | null;
  /** Whether it was made by `from: last-export`; others stand alone and move nothing. */
  readonly chained: boolean;
  /** Whether events between the one before and this one are missing for good. */
  readonly gap: boolean;
  /** Its CSV, in order of its parts. */
  readonly files: readonly ListedFile[];
  /** The same rows for spreadsheets: delivered with it, and never read as events. */
  readonly copies: readonly ListedFile[];
  /** Where it was found, for people: a folder of a branch, an artifact. */
  readonly place: string;
}

/**
 * Reads a manifest that `manifestOf` wrote. Throws `destination` where it is damaged: it is never taken for missing,
 * since an export that starts anew instead of going on would leave a gap or write events twice.
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
  const whole =
    typeof id === 'string' &&
    typeof scope === 'string' &&
    from !== null &&
    to !== null &&
    from < to &&
    [chain, before, gap].every((one) => one === null || isObject(one));
  if (!whole || !csvs.every((csv) => csv !== null)) throw damaged(place);
  const files = csvs.filter(({ copy }) => !copy).map(({ file }) => file);
  if (files.length === 0) throw damaged(place);
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
  if (!isCount(version) || version === 0) throw damaged(place, 'the version of its manifest cannot be read');
  if (version > MANIFEST_VERSION) throw newerManifestError(place, version);
}

const newerManifestError = (place: string, version: number): ExportError =>
  new ExportError(
    'destination',
    `The last export has a manifest of version ${version}, and this exporter reads versions up to ${MANIFEST_VERSION}.`,
    { where: place, next: 'Use the version of the action that wrote it, or a later one.' },
  );

/** Makes sure that an export's `SHA256SUMS` agree with its manifest. Throws `destination`. */
export function checkSums({ files, copies, sha256, place }: DeliveredExport, sums: Buffer): void {
  if (sums.toString('utf8') === checksumsText([...files, ...copies, { name: MANIFEST, sha256 }])) return;
  throw damaged(place, `${SUMS} does not agree with its manifest`);
}

/** The content of an export's file, if it is what its manifest says. Throws `destination`. */
export function checkContent(
  { place }: DeliveredExport,
  { name, sha256 }: DeliveredExport['files'][number],
  content: Buffer,
): Buffer {
  if (hashBytes(content).sha256 === sha256) return content;
  throw damaged(place, `${name} is not what its manifest says`);
}

/** Whether two exports hold the same: in scope, window, what they go on from, and the bytes of their CSV. */
export function hasSameContent(one: DeliveredExport, other: DeliveredExport): boolean {
  const told = ({ scope, window, before, chained, files }: DeliveredExport) =>
    JSON.stringify([scope, window, before, chained, files]);
  return told(one) === told(other);
}

/** The error for an export that is there, but not as it was delivered. */
export const damaged = (place: string, what = 'its manifest cannot be read'): ExportError =>
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
  throw damaged(place);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** A resource of the manifest; null where it is damaged. `copy`: it is one for spreadsheets. */
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
