import type { FileHandle } from 'node:fs/promises';
import { diskError, onDisk, writeAll } from '../../base/disk.ts';
import { takeMemory } from '../../base/memory.ts';
import { type RowBatch, type SortKey, sortKeyOf } from './row-batch.ts';
import type { SortedRun } from './sorted-runs.ts';

/** Size of a batch in a file. */
interface BatchSize {
  readonly rows: number;
  /** UTF-16 units of all ids; null where no row has an id. */
  readonly idUnits: number | null;
  /** UTF-16 units of all identity texts; null where all are empty. */
  readonly identityUnits: number | null;
}

/** Position and size of a batch in its file. */
interface BatchLocation extends BatchSize {
  readonly position: number;
  /** Bytes of the rows alone. */
  readonly rowBytes: number;
}

/** Position of a run in its file, and of its batches. */
export interface RunLocation {
  readonly file: FileHandle;
  readonly first: SortKey;
  readonly batches: readonly BatchLocation[];
  /** Position behind the run. */
  readonly to: number;
}

/** Gives every text back as it was, lone surrogates too, so that ids stay apart. */
const TEXT_ENCODING = 'utf16le';
/** Stands for the length of a text that is null. */
const NO_TEXT = 0xffffffff;

/**
 * Writes a run of at least one row into a file, at `position`. A batch is: times and row ends, as doubles; lengths of ids
 * and lengths of identity texts, in 32 bits, where there are any; these texts; the rows. Throws `destination` where the
 * disk refuses.
 *
 * @param path for messages
 */
export async function writeRun(
  file: FileHandle,
  position: number,
  batches: Iterable<RowBatch>,
  path: string,
): Promise<RunLocation> {
  const written: BatchLocation[] = [];
  let first: SortKey | null = null;
  let at = position;
  for (const batch of batches) {
    first ??= sortKeyOf(batch, 0);
    const identityUnits = unitsOf(batch.identities) || null;
    const location = {
      ...{ position: at, rows: batch.count, idUnits: unitsOf(batch.ids), identityUnits },
      rowBytes: batch.bytes.length,
    };
    const head = headOf(batch, location);
    await onDisk(path, async () => {
      await Promise.all([writeAll(file, head, at), writeAll(file, batch.bytes, at + head.length)]);
    });
    written.push(location);
    at += head.length + batch.bytes.length;
  }
  if (first === null) throw new Error('A run has no rows.');
  return { file, first, batches: written, to: at };
}

/** Returns the UTF-16 units of all texts together; null where every text is null. */
function unitsOf(texts: readonly (string | null)[]): number | null {
  let units: number | null = null;
  for (const text of texts) {
    if (text !== null) units = (units ?? 0) + text.length;
  }
  return units;
}

/** Returns where each part of a batch begins in the batch's bytes; times begin at 0. */
function layoutOf({ rows, idUnits, identityUnits }: BatchSize) {
  const ends = 8 * rows;
  const idLengths = 2 * ends;
  const identityLengths = idLengths + (idUnits === null ? 0 : 4 * rows);
  const idTexts = identityLengths + (identityUnits === null ? 0 : 4 * rows);
  const identityTexts = idTexts + 2 * (idUnits ?? 0);
  const csv = identityTexts + 2 * (identityUnits ?? 0);
  return { ends, idLengths, identityLengths, idTexts, identityTexts, csv };
}

/** Returns all bytes of a batch that stand before its rows. */
function headOf({ count, times, ends, ids, identities }: RowBatch, size: BatchSize): Buffer {
  const layout = layoutOf(size);
  const bytes = takeMemory(layout.csv).subarray(0, layout.csv);
  new Float64Array(bytes.buffer, 0, count).set(times);
  new Float64Array(bytes.buffer, layout.ends, count).set(ends);
  if (size.idUnits !== null) writeTexts(bytes, ids, layout.idLengths, layout.idTexts);
  if (size.identityUnits !== null) writeTexts(bytes, identities, layout.identityLengths, layout.identityTexts);
  return bytes;
}

function writeTexts(bytes: Buffer, texts: readonly (string | null)[], lengthsAt: number, textsAt: number): void {
  const lengths = new Uint32Array(bytes.buffer, lengthsAt, texts.length);
  for (const [row, text] of texts.entries()) lengths[row] = text === null ? NO_TEXT : text.length;
  bytes.write(texts.join(''), textsAt, TEXT_ENCODING);
}

/** Returns the batch that `bytes` hold from their start on; a view, not a copy. */
function batchOf(bytes: Buffer, location: BatchLocation): RowBatch {
  const { rows, idUnits, identityUnits, rowBytes } = location;
  const { ends, idLengths, identityLengths, idTexts, identityTexts, csv } = layoutOf(location);
  const readIdentities = (units: number) =>
    readTexts(bytes, rows, identityLengths, identityTexts, units).map((text) => text ?? '');
  return {
    count: rows,
    bytes: bytes.subarray(csv, csv + rowBytes),
    ends: new Float64Array(bytes.buffer, ends, rows),
    times: new Float64Array(bytes.buffer, 0, rows),
    ids: idUnits === null ? new Array(rows).fill(null) : readTexts(bytes, rows, idLengths, idTexts, idUnits),
    identities: identityUnits === null ? new Array(rows).fill('') : readIdentities(identityUnits),
  };
}

function readTexts(bytes: Buffer, rows: number, lengthsAt: number, textsAt: number, units: number): (string | null)[] {
  const lengths = new Uint32Array(bytes.buffer, lengthsAt, rows);
  const all = bytes.toString(TEXT_ENCODING, textsAt, textsAt + 2 * units);
  let from = 0;
  return Array.from(lengths, (length) => {
    if (length === NO_TEXT) return null;
    from += length;
    return all.slice(from - length, from);
  });
}

/** A run on the disk, read back batch by batch. */
export class SpilledRun implements SortedRun {
  readonly first: SortKey;
  readonly #location: RunLocation;
  readonly #path: string;
  #nextBatch = 0;
  /** Memory of the batch that `next` returned last. */
  #current = Buffer.of();
  /** Memory that the batch after it is read into. */
  #spare = Buffer.of();
  /** The batch that is read ahead. */
  #coming: Promise<RowBatch> | null = null;

  /** @param path for messages */
  constructor(location: RunLocation, path: string) {
    this.#location = location;
    this.#path = path;
    this.first = location.first;
  }

  async next(): Promise<RowBatch | null> {
    const coming = this.#coming ?? this.#read();
    const batch = coming && (await coming);
    [this.#current, this.#spare] = [this.#spare, this.#current];
    // The disk reads ahead while the caller works on this batch.
    this.#coming = batch && this.#read();
    this.#coming?.catch(() => {});
    // Many runs may have ended before the last one does.
    if (batch === null) this.#current = this.#spare = Buffer.of();
    return batch;
  }

  /** Begins to read the next batch; null after the last one. */
  #read(): Promise<RowBatch> | null {
    const batch = this.#location.batches[this.#nextBatch++];
    if (batch === undefined) return null;
    const length = layoutOf(batch).csv + batch.rowBytes;
    if (this.#spare.length < length) this.#spare = takeMemory(length);
    return this.#fill(this.#spare, length, batch);
  }

  async #fill(memory: Buffer, length: number, location: BatchLocation): Promise<RowBatch> {
    for (let done = 0; done < length; ) {
      const { bytesRead } = await onDisk(this.#path, () =>
        this.#location.file.read(memory, done, length - done, location.position + done),
      );
      if (bytesRead === 0) throw diskError(this.#path, 'Rows that were put aside have become fewer.', undefined);
      done += bytesRead;
    }
    return batchOf(memory, location);
  }
}
