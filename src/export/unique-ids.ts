import type { FileHandle } from 'node:fs/promises';
import { onDisk, openScratch, writeAll } from '../base/disk.ts';
import { ExportError } from '../base/errors.ts';
import { fingerprint, hashInto } from '../base/hash.ts';
import { formatInstant } from '../time/instant.ts';
import type { Vendor } from '../vendors/contract.ts';

/** Ids that are kept in memory before they go to the disk. */
const BATCH_IDS = 2 ** 16;
/** Bytes of a record: 64 bits of an id, and a time. */
const RECORD_BYTES = 16;
/** Ids that are compared at a time, about. */
const MAX_SHARE_IDS = 2 ** 19;

/** Records of ids and times, with views of their parts. */
class IdBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Four a record: the two halves of the id, then of the time. */
  readonly halves: Uint32Array;
  /** Two a record: the id, then the bits of the time. */
  readonly ids: BigUint64Array;
  /** Two a record: the bits of the id, then the time. */
  readonly times: Float64Array;

  constructor(bytes = new Uint8Array(BATCH_IDS * RECORD_BYTES)) {
    this.bytes = bytes;
    this.halves = new Uint32Array(bytes.buffer, 0, bytes.length / 4);
    this.ids = new BigUint64Array(bytes.buffer, 0, bytes.length / 8);
    this.times = new Float64Array(bytes.buffer, 0, bytes.length / 8);
  }
}

/**
 * Checks that each id of an export belongs to one event. Two rows of one id and one time stand side by side, and are
 * compared by `RowFilter`; at two times, they may be anywhere. So 64 bits of each id and the id's time are kept, on the
 * disk where they are many, and compared at the end. Two different ids of a million share these bits, and end an export
 * red for nothing, once in 37 million exports.
 */
export class UniqueIds {
  readonly #vendor: Vendor;
  readonly #folder: string;
  readonly #batch = new IdBatch();
  /** Records in memory. */
  #count = 0;
  #file: FileHandle | null = null;
  /** Records in the file. */
  #stored = 0;
  /** Times of the events outside the window, by id. */
  readonly #outsideWindow = new Map<bigint, number>();
  /** Lower halves of these ids, which exclude most other ids without making a bigint. */
  readonly #outsideWindowHalves = new Set<number>();

  /** @param folder where a file without a name may grow */
  constructor(vendor: Vendor, folder: string) {
    this.#vendor = vendor;
    this.#folder = folder;
  }

  /** Remembers the id of an event that is written. `reserve` has to have made room. */
  add(id: string, time: number | null): void {
    hashInto(this.#batch.halves, this.#count * 4, id);
    this.#batch.times[this.#count * 2 + 1] = time ?? Number.NaN;
    this.#count++;
  }

  /** Remembers the id of an event outside the window, in memory: another request may bring the id at another time. */
  addOutsideWindow(id: string, time: number): void {
    const bits = fingerprint(id);
    this.#outsideWindow.set(bits, time);
    this.#outsideWindowHalves.add(Number(bits & 0xffffffffn));
  }

  /** Makes room for `more` ids, at most 65,536. Throws `destination` where the disk refuses. */
  async reserve(more: number): Promise<void> {
    if (this.#count + more <= BATCH_IDS) return;
    await onDisk(this.#folder, async () => {
      this.#file ??= await openScratch(this.#folder);
      const records = this.#batch.bytes.subarray(0, this.#count * RECORD_BYTES);
      await writeAll(this.#file, records, this.#stored * RECORD_BYTES);
    });
    this.#stored += this.#count;
    this.#count = 0;
  }

  /**
   * Throws `protocol` where two events have one id. Ids are sorted in shares, by their lowest bits, so that memory holds
   * one share at a time: 2,000,000 ids are read four times, and each time a quarter of them is sorted.
   */
  async check(): Promise<void> {
    const total = this.#stored + this.#count;
    const shares = 2 ** Math.ceil(Math.log2(Math.max(1, total / MAX_SHARE_IDS)));
    let ids = new BigUint64Array(Math.min(total, 2 * MAX_SHARE_IDS));
    for (let share = 0; share < shares; share++) {
      let length = 0;
      for await (const { batch, count } of this.#all()) {
        for (let index = 0; index < count; index++) {
          if (this.#outsideWindowHalves.has(batch.halves[index * 4] ?? 0)) this.#checkOutsideWindow(batch, index);
          if (((batch.halves[index * 4] ?? 0) & (shares - 1)) !== share) continue;
          if (length === ids.length) ids = doubled(ids);
          ids[length++] = batch.ids[index * 2] ?? 0n;
        }
      }
      ids.subarray(0, length).sort();
      for (let index = 1; index < length; index++) {
        if (ids[index] === ids[index - 1]) throw await this.#differentTimesError(ids[index] ?? 0n);
      }
    }
  }

  /** Throws `protocol` where an event outside the window had this id at another time. */
  #checkOutsideWindow({ ids, times }: IdBatch, index: number): void {
    const outside = this.#outsideWindow.get(ids[index * 2] ?? 0n);
    const written = times[index * 2 + 1] ?? Number.NaN;
    if (outside === undefined || outside === written) return;
    const both = [written, outside].filter((time) => !Number.isNaN(time)).map(formatInstant);
    throw duplicateIdError(this.#vendor, both.join(' and '), 'at different times');
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  /** Yields all records, those in the file first. A batch is good until the next one. */
  async *#all(): AsyncGenerator<{ batch: IdBatch; count: number }> {
    const buffer = new IdBatch(this.#stored === 0 ? new Uint8Array(0) : undefined);
    for (let done = 0; done < this.#stored; ) {
      const count = Math.min(BATCH_IDS, this.#stored - done);
      const result = await onDisk(this.#folder, async () =>
        this.#file?.read(buffer.bytes, 0, count * RECORD_BYTES, done * RECORD_BYTES),
      );
      if (result?.bytesRead !== count * RECORD_BYTES)
        throw new Error('The file of ids is shorter than it was written.');
      yield { batch: buffer, count };
      done += count;
    }
    yield { batch: this.#batch, count: this.#count };
  }

  async #differentTimesError(id: bigint): Promise<ExportError> {
    const times: string[] = [];
    for await (const { batch, count } of this.#all()) {
      for (let index = 0; index < count; index++) {
        const time = batch.times[index * 2 + 1] ?? Number.NaN;
        if (batch.ids[index * 2] === id && !Number.isNaN(time)) times.push(formatInstant(time));
      }
    }
    return duplicateIdError(
      this.#vendor,
      times.length === 0 ? null : times.slice(0, 2).join(' and '),
      'at different times',
    );
  }
}

/** Returns a copy with room for twice as many ids. */
function doubled(ids: BigUint64Array<ArrayBuffer>): BigUint64Array<ArrayBuffer> {
  const copy = new BigUint64Array(ids.length * 2);
  copy.set(ids);
  return copy;
}

/** Returns the error for a vendor that gives one id to two events; `when` is null where neither has a time. */
export const duplicateIdError = ({ name }: Vendor, when: string | null, how: string): ExportError =>
  new ExportError('protocol', `${name} gave one event id twice, ${how}.`, {
    where: when === null ? name : `an event of ${when}`,
    next: 'Run the export again; if it stays, report it to the vendor: one of the two is not what happened.',
  });
