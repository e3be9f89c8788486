import type { FileHandle } from 'node:fs/promises';
import { onDisk, openScratch, writeAll } from '../base/disk.ts';
import { ExportError } from '../base/errors.ts';
import { fingerprint, hashInto } from '../base/hash.ts';
import { formatInstant } from '../time/instant.ts';
import type { Vendor } from '../vendors/contract.ts';

/** Ids held in memory before they go to the disk. */
const BATCH = 2 ** 16;
/** The 64 bits of an id, and a time. */
const RECORD_BYTES = 16;
/** About so many are compared at once. */
const MOST_AT_ONCE = 2 ** 19;

/** Some ids with their times, seen as what they are made of. */
class Batch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Four of each record: the id's two halves, and the time's. */
  readonly halves: Uint32Array;
  /** Two of each record: the id, and the time. */
  readonly whole: BigUint64Array;
  readonly times: Float64Array;

  constructor(bytes = new Uint8Array(BATCH * RECORD_BYTES)) {
    this.bytes = bytes;
    this.halves = new Uint32Array(bytes.buffer, 0, bytes.length / 4);
    this.whole = new BigUint64Array(bytes.buffer, 0, bytes.length / 8);
    this.times = new Float64Array(bytes.buffer, 0, bytes.length / 8);
  }
}

/**
 * The ids of an export's events, each of which may come out once. An id that comes twice at one time is known by its
 * neighbour; where it comes at two times, the other may be anywhere. So 64 bits of each are kept, and its time, on the
 * disk. That two of a million ids share them, and the export ends red for nothing, happens in one of 37 million exports.
 */
export class UniqueIds {
  readonly #vendor: Vendor;
  readonly #folder: string;
  readonly #batch = new Batch();
  #count = 0;
  #file: FileHandle | null = null;
  #stored = 0;
  /** The times of those that were cut. */
  readonly #cut = new Map<bigint, number>();
  /** Their lower halves: most of the others can be told by that. */
  readonly #cutHalves = new Set<number>();

  /** @param folder where a file without a name may grow */
  constructor(vendor: Vendor, folder: string) {
    this.#vendor = vendor;
    this.#folder = folder;
  }

  /** Remembers the id of an event that comes out. To be called after `makeRoom`. */
  keep(id: string, time: number | null): void {
    hashInto(this.#batch.halves, this.#count * 4, id);
    this.#batch.times[this.#count * 2 + 1] = time ?? Number.NaN;
    this.#count++;
  }

  /** Remembers the id of an event that does not come out, few as they are: another request may bring it at another time. */
  cut(id: string, time: number): void {
    const whole = fingerprint(id);
    this.#cut.set(whole, time);
    this.#cutHalves.add(Number(whole & 0xffffffffn));
  }

  /** Makes room for so many more, at most 65,536. Throws `destination` where the disk refuses. */
  async makeRoom(more: number): Promise<void> {
    if (this.#count + more <= BATCH) return;
    await onDisk(this.#folder, async () => {
      this.#file ??= await openScratch(this.#folder);
      const kept = this.#batch.bytes.subarray(0, this.#count * RECORD_BYTES);
      await writeAll(this.#file, kept, this.#stored * RECORD_BYTES);
    });
    this.#stored += this.#count;
    this.#count = 0;
  }

  /** Throws `protocol` where two events have one id. */
  async check(): Promise<void> {
    const kept = this.#stored + this.#count;
    const shares = 2 ** Math.ceil(Math.log2(Math.max(1, kept / MOST_AT_ONCE)));
    let ids = new BigUint64Array(Math.min(kept, 2 * MOST_AT_ONCE));
    for (let share = 0; share < shares; share++) {
      let length = 0;
      for await (const { batch, count } of this.#all()) {
        for (let index = 0; index < count; index++) {
          if (this.#cutHalves.has(batch.halves[index * 4] ?? 0)) this.#checkCut(batch, index);
          if (((batch.halves[index * 4] ?? 0) & (shares - 1)) !== share) continue;
          if (length === ids.length) ids = grown(ids);
          ids[length++] = batch.whole[index * 2] ?? 0n;
        }
      }
      ids.subarray(0, length).sort();
      for (let index = 1; index < length; index++) {
        if (ids[index] === ids[index - 1]) throw await this.#contradiction(ids[index] ?? 0n);
      }
    }
  }

  /** Throws `protocol` where an event was cut that had this id at another time. */
  #checkCut({ whole, times }: Batch, index: number): void {
    const [cut, kept] = [this.#cut.get(whole[index * 2] ?? 0n), times[index * 2 + 1] ?? Number.NaN];
    if (cut === undefined || cut === kept) return;
    const both = [kept, cut].filter((time) => !Number.isNaN(time)).map(formatInstant);
    throw duplicateId(this.#vendor, both.join(' and '), 'at different times');
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  /** All that were kept. A batch is only good until the next one. */
  async *#all(): AsyncGenerator<{ batch: Batch; count: number }> {
    const read = new Batch(this.#stored === 0 ? new Uint8Array(0) : undefined);
    for (let done = 0; done < this.#stored; ) {
      const count = Math.min(BATCH, this.#stored - done);
      const found = await onDisk(this.#folder, async () =>
        this.#file?.read(read.bytes, 0, count * RECORD_BYTES, done * RECORD_BYTES),
      );
      if (found?.bytesRead !== count * RECORD_BYTES) throw new Error('The file of ids is shorter than it was written.');
      yield { batch: read, count };
      done += count;
    }
    yield { batch: this.#batch, count: this.#count };
  }

  async #contradiction(id: bigint): Promise<ExportError> {
    const times: string[] = [];
    for await (const { batch, count } of this.#all()) {
      for (let index = 0; index < count; index++) {
        const time = batch.times[index * 2 + 1] ?? Number.NaN;
        if (batch.whole[index * 2] === id && !Number.isNaN(time)) times.push(formatInstant(time));
      }
    }
    return duplicateId(this.#vendor, times.length === 0 ? null : times.slice(0, 2).join(' and '), 'at different times');
  }
}

function grown(ids: BigUint64Array<ArrayBuffer>): BigUint64Array<ArrayBuffer> {
  const more = new BigUint64Array(ids.length * 2);
  more.set(ids);
  return more;
}

/** The error for a vendor that gives one id to two events. */
export const duplicateId = ({ name }: Vendor, when: string | null, how: string): ExportError =>
  new ExportError('protocol', `${name} gave one event id twice, ${how}.`, {
    where: when === null ? name : `an event of ${when}`,
    next: 'Run the export again; if it stays, report it to the vendor: one of the two is not what happened.',
  });
