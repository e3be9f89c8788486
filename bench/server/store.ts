/** A log on the disk, of which any stretch is sent as it lies there. */

import { openSync, read } from 'node:fs';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import type { WrittenLog } from '../events/write.ts';

const readBytes = promisify(read);
const CHUNK_BYTES = 2 ** 20;

/** Events `first` to `end - 1`, counted from the newest. */
export interface Stretch {
  readonly first: number;
  readonly end: number;
}

export class Store {
  readonly #log: WrittenLog;
  readonly #file: number;

  constructor(path: string, log: WrittenLog) {
    this.#log = log;
    this.#file = openSync(path, 'r');
  }

  /** The events from one instant to another, both included, in microseconds since 1970. */
  between(from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): Stretch {
    const first = this.#firstNot((micros) => micros > to);
    return {
      first,
      end: Math.max(
        first,
        this.#firstNot((micros) => micros >= from),
      ),
    };
  }

  /** Bytes of a stretch, separators between its events included. */
  bytesOf({ first, end }: Stretch): number {
    return first === end ? 0 : this.#offset(end) - this.#offset(first) - this.#log.separator;
  }

  /** Sends a stretch as fast as it is taken. */
  async send(stretch: Stretch, target: Writable): Promise<void> {
    let at = this.#offset(stretch.first);
    const end = at + this.bytesOf(stretch);
    while (at < end) {
      const chunk = await this.#read(at, Math.min(CHUNK_BYTES, end - at));
      at += chunk.length;
      if (!target.write(chunk)) await drained(target);
    }
  }

  /** The text of a few events. */
  async text(stretch: Stretch): Promise<string> {
    return (await this.#read(this.#offset(stretch.first), this.bytesOf(stretch))).toString('utf8');
  }

  async #read(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await readBytes(this.#file, Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead !== length) throw new Error(`The log ends at ${position + bytesRead}.`);
    return buffer;
  }

  #offset(index: number): number {
    return this.#log.offsets[index] ?? 0;
  }

  /** The first event that is not like the newer ones. */
  #firstNot(newer: (micros: number) => boolean): number {
    const { micros } = this.#log;
    let [low, high] = [0, micros.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (newer(micros[middle] ?? 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Resolves once more can be written; rejects where whoever reads has gone. */
const drained = (target: Writable): Promise<void> =>
  new Promise((resolve, reject) => {
    if (target.destroyed) {
      reject(new Error('The reader has gone.'));
      return;
    }
    const settle = (error?: Error) => {
      target.off('drain', settle);
      target.off('close', gone);
      if (error instanceof Error) reject(error);
      else resolve();
    };
    const gone = () => settle(new Error('The reader has gone.'));
    target.once('drain', settle);
    target.once('close', gone);
  });
