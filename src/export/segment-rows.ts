import { contains, type Window } from '../time/window.ts';
import type { Page, Retraction } from '../vendors/contract.ts';
import type { SegmentSink } from './concurrent-walk.ts';
import { limitNewSpace } from './heap.ts';
import type { RowEncoder } from './row-encoder.ts';
import { merge } from './sort/merge.ts';
import { RowBatchPool, type RowRange } from './sort/row-batch.ts';
import { ScratchFile, SpillBuffer } from './sort/spill-buffer.ts';

/** Bytes of rows that may wait in memory, of all segments together; as many more may be on their way to the disk. */
const MAX_BYTES_IN_MEMORY = 6 * 2 ** 20;

/** Memory that the rows of all open segments share: where they need more, the largest segment's rows go to the disk. */
export class SpillBudget {
  readonly #encoder: RowEncoder;
  readonly #folder: string;
  readonly #maxBytesInMemory: number;
  readonly #pool = new RowBatchPool();
  /** Segments that are being walked, or wait for their turn to be written. */
  readonly #open = new Set<SegmentRows>();
  /** The latest write to the disk. Where the disk refused, every later caller gets the error. */
  #spilling: Promise<void> = Promise.resolve();
  #isSpilling = false;
  #isClosed = false;

  /** @param folder where files without a name may grow */
  constructor(encoder: RowEncoder, folder: string, maxBytesInMemory = MAX_BYTES_IN_MEMORY) {
    this.#encoder = encoder;
    this.#folder = folder;
    this.#maxBytesInMemory = maxBytesInMemory;
  }

  openSegment(): SegmentRows {
    const segment = new SegmentRows(this.#encoder, this.#folder, this.#pool, () => this.#makeRoom());
    this.#open.add(segment);
    return segment;
  }

  /**
   * Yields all rows of a segment that has been walked, in the order of the export, and closes the segment. Ranges are
   * good until the next are asked for. Throws `destination` where the disk refuses.
   */
  async *drain(segment: SegmentRows): AsyncGenerator<readonly RowRange[]> {
    // From here on, `#makeRoom` spills nothing of this segment.
    this.#open.delete(segment);
    try {
      await this.#spilling;
      yield* segment.inOrder();
    } finally {
      await segment.close();
    }
  }

  /** Frees memory and disk. Segments may still be walked: their rows are dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#spilling.catch(() => {});
    for (const segment of this.#open) await segment.close();
  }

  /**
   * Resolves when rows in memory are within the budget. Until then, spills the largest segment, one at a time. Throws
   * `destination` where the disk refuses.
   */
  async #makeRoom(): Promise<void> {
    while (!this.#isClosed) {
      const largestFirst = [...this.#open].sort((a, b) => b.bytesInMemory - a.bytesInMemory);
      const total = largestFirst.reduce((sum, { bytesInMemory }) => sum + bytesInMemory, 0);
      if (total <= this.#maxBytesInMemory) return;
      if (this.#isSpilling) {
        await this.#spilling;
      } else {
        this.#isSpilling = true;
        this.#spilling = (largestFirst[0]?.spill() ?? Promise.resolve()).then(() => {
          this.#isSpilling = false;
        });
        this.#spilling.catch(() => {});
      }
    }
  }
}

/** Rows of one answer that the vendor may retract, or all rows that no retraction can reach. */
interface ProvisionalRows {
  readonly rows: SpillBuffer;
  received: number;
  outsideWindow: number;
  /** Ids and times of the events outside the window, for those that have an id. */
  readonly outsideWindowIds: [id: string, time: number][];
}

/** Rows of one segment, on their way into the order of the export. */
export class SegmentRows implements SegmentSink {
  readonly #encoder: RowEncoder;
  readonly #scratch: ScratchFile;
  readonly #pool: RowBatchPool;
  readonly #makeRoom: () => Promise<void>;
  /** By `Page.provisional`, the answer's identity; undefined where the answer is final. */
  readonly #answers = new Map<object | undefined, ProvisionalRows>();
  #slice: Window | null = null;

  constructor(encoder: RowEncoder, folder: string, pool: RowBatchPool, makeRoom: () => Promise<void>) {
    this.#encoder = encoder;
    this.#scratch = new ScratchFile(folder);
    this.#pool = pool;
    this.#makeRoom = makeRoom;
  }

  /** Encodes the events of a page, or drops the rows of a retracted answer. Throws `destination` where the disk refuses. */
  async accept(page: Page | Retraction): Promise<void> {
    if ('retracted' in page) {
      await this.#answers.get(page.retracted)?.rows.close();
      this.#answers.delete(page.retracted);
      return;
    }
    limitNewSpace();
    const { slice, provisional, header, events } = page;
    this.#encoder.useHeader(header ?? null);
    const { from, to } = this.#slice ?? slice;
    this.#slice = { from: Math.min(from, slice.from), to: Math.max(to, slice.to) };
    const answer = this.#answerOf(provisional);
    answer.received += events.length;
    for (const event of events) {
      const { time, id } = event;
      // NaN lies in no slice; such an event goes on, so that the encoder rejects it loudly.
      if (time !== null && !Number.isNaN(time) && !contains(slice, time)) {
        answer.outsideWindow++;
        if (id !== null) answer.outsideWindowIds.push([id, time]);
        continue;
      }
      this.#encoder.encode(event, answer.rows.add(time, id, this.#encoder.identityOf(event)));
    }
    await this.#makeRoom();
  }

  /** The time that the segment's pages cover; null where no page came. */
  get slice(): Window | null {
    return this.#slice;
  }

  /** Number of events, retracted ones left out. */
  get received(): number {
    return this.#sum(({ received }) => received);
  }

  /** Number of events outside of the slices of their pages. */
  get outsideWindow(): number {
    return this.#sum(({ outsideWindow }) => outsideWindow);
  }

  /** Yields the ids and times of the events outside the window, for those that have an id. */
  *outsideWindowIds(): Generator<readonly [id: string, time: number]> {
    for (const answer of this.#answers.values()) yield* answer.outsideWindowIds;
  }

  get bytesInMemory(): number {
    return this.#sum(({ rows }) => rows.bytesInMemory);
  }

  /** Yields all rows in the order of the export; ranges are good until the next are asked for. */
  inOrder(): AsyncGenerator<readonly RowRange[]> {
    const runs = [...this.#answers.values()].flatMap(({ rows }) => rows.runs());
    return merge(runs, this.#encoder.order);
  }

  /** Moves the rows in memory to the disk. Throws `destination` where the disk refuses. */
  async spill(): Promise<void> {
    for (const { rows } of this.#answers.values()) await rows.spill();
  }

  async close(): Promise<void> {
    for (const { rows } of this.#answers.values()) await rows.close();
    this.#answers.clear();
    await this.#scratch.close();
  }

  #answerOf(provisional: object | undefined): ProvisionalRows {
    const known = this.#answers.get(provisional);
    if (known !== undefined) return known;
    const answer = {
      rows: new SpillBuffer(this.#scratch, this.#encoder.order, this.#pool),
      received: 0,
      outsideWindow: 0,
      outsideWindowIds: [],
    };
    this.#answers.set(provisional, answer);
    return answer;
  }

  #sum(amount: (answer: ProvisionalRows) => number): number {
    let sum = 0;
    for (const answer of this.#answers.values()) sum += amount(answer);
    return sum;
  }
}
