import type { RowBuffer } from '../csv/row-buffer.ts';
import { contains, type Window } from '../time/window.ts';
import type { Page, Retraction, VendorEvent } from '../vendors/contract.ts';
import type { SegmentSink } from './concurrent-walk.ts';
import { limitNewSpace } from './heap.ts';
import { merge } from './sort/merge.ts';
import { RowBatchPool, type RowRange } from './sort/row-batch.ts';
import { ScratchFile, SpillBuffer } from './sort/spill-buffer.ts';

/** Bytes of rows that may wait in memory, of all stretches together; as many may be on their way to the disk. */
const MOST_HELD_BYTES = 6 * 2 ** 20;

/** How the events of an export become rows. */
export interface RowEncoder {
  readonly order: 'time' | 'vendor';
  /** Told of the header of each page, before its events come. */
  readonly begin: (header: readonly string[] | null) => void;
  /** Writes the event's row. */
  readonly write: (event: VendorEvent, rows: RowBuffer) => void;
  /** What two events of one id have to agree in, where their rows do not say it all. */
  readonly rest: (event: VendorEvent) => string;
}

/** What came of one draft. */
interface ProvisionalRows {
  readonly rows: SpillBuffer;
  received: number;
  cut: number;
  /** Of those that were cut, where they have one, with their times. */
  readonly cutIds: [id: string, time: number][];
}

/** All that an export holds at once: stretches that are being walked, and those that wait for their turn. */
export class SpillBudget {
  readonly #form: RowEncoder;
  readonly #folder: string;
  readonly #mostHeldBytes: number;
  readonly #pool = new RowBatchPool();
  readonly #open = new Set<SegmentRows>();
  /** What is on its way to the disk, or was; where the disk refuses, whoever comes next is told. */
  #storing: Promise<void> = Promise.resolve();
  #isStoring = false;
  #closed = false;

  /** @param folder where files without a name may grow */
  constructor(form: RowEncoder, folder: string, mostHeldBytes = MOST_HELD_BYTES) {
    this.#form = form;
    this.#folder = folder;
    this.#mostHeldBytes = mostHeldBytes;
  }

  /** Opens a stretch. */
  begin(): SegmentRows {
    const gathered = new SegmentRows(this.#form, this.#folder, this.#pool, () => this.#makeRoom());
    this.#open.add(gathered);
    return gathered;
  }

  /** All rows of a stretch to which no page comes any more, in the order of the export; some are good until the next. */
  async *end(gathered: SegmentRows): AsyncGenerator<readonly RowRange[]> {
    // Nothing of it begins to move any more.
    this.#open.delete(gathered);
    try {
      await this.#storing;
      yield* gathered.rows();
    } finally {
      await gathered.close();
    }
  }

  /** Gives memory and disk back, also where stretches are still being walked: what comes of them is kept no more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#storing.catch(() => {});
    for (const gathered of this.#open) await gathered.close();
  }

  /** Where too much is in memory, begins to move what is most there to the disk, once what was on its way has arrived. */
  async #makeRoom(): Promise<void> {
    while (!this.#closed) {
      const held = [...this.#open].sort((a, b) => b.heldBytes - a.heldBytes);
      if (held.reduce((sum, { heldBytes }) => sum + heldBytes, 0) <= this.#mostHeldBytes) return;
      if (this.#isStoring) {
        await this.#storing;
      } else {
        this.#isStoring = true;
        this.#storing = (held[0]?.store() ?? Promise.resolve()).then(() => {
          this.#isStoring = false;
        });
        this.#storing.catch(() => {});
      }
    }
  }
}

/** The rows of one stretch. */
export class SegmentRows implements SegmentSink {
  readonly #form: RowEncoder;
  readonly #scratch: ScratchFile;
  readonly #pool: RowBatchPool;
  readonly #makeRoom: () => Promise<void>;
  readonly #drafts = new Map<object | undefined, ProvisionalRows>();
  #slice: Window | null = null;

  constructor(form: RowEncoder, folder: string, pool: RowBatchPool, makeRoom: () => Promise<void>) {
    this.#form = form;
    this.#scratch = new ScratchFile(folder);
    this.#pool = pool;
    this.#makeRoom = makeRoom;
  }

  async accept(page: Page | Retraction): Promise<void> {
    if ('retracted' in page) {
      await this.#drafts.get(page.retracted)?.rows.close();
      this.#drafts.delete(page.retracted);
      return;
    }
    limitNewSpace();
    const { slice, provisional, header, events } = page;
    this.#form.begin(header ?? null);
    const { from, to } = this.#slice ?? slice;
    this.#slice = { from: Math.min(from, slice.from), to: Math.max(to, slice.to) };
    const into = this.#rowsOf(provisional);
    into.received += events.length;
    for (const event of events) {
      const { time, id } = event;
      // A time that is none is in no slice, and is not to be lost for that.
      if (time !== null && !Number.isNaN(time) && !contains(slice, time)) {
        into.cut++;
        if (id !== null) into.cutIds.push([id, time]);
        continue;
      }
      this.#form.write(event, into.rows.add(time, id, this.#form.rest(event)));
    }
    await this.#makeRoom();
  }

  /** What time the pages were of; null where none came. */
  get slice(): Window | null {
    return this.#slice;
  }

  get received(): number {
    return this.#sum(({ received }) => received);
  }

  /** How many of them lay outside of the slices that they came for. */
  get cut(): number {
    return this.#sum(({ cut }) => cut);
  }

  /** Their ids, with their times. */
  *cutIds(): Generator<readonly [id: string, time: number]> {
    for (const draft of this.#drafts.values()) yield* draft.cutIds;
  }

  get heldBytes(): number {
    return this.#sum(({ rows }) => rows.heldBytes);
  }

  /** All rows, in the order of the export; some are good until the next. */
  rows(): AsyncGenerator<readonly RowRange[]> {
    const runs = [...this.#drafts.values()].flatMap(({ rows }) => rows.runs());
    return merge(runs, this.#form.order);
  }

  async store(): Promise<void> {
    for (const { rows } of this.#drafts.values()) await rows.store();
  }

  async close(): Promise<void> {
    for (const { rows } of this.#drafts.values()) await rows.close();
    this.#drafts.clear();
    await this.#scratch.close();
  }

  #rowsOf(draft: object | undefined): ProvisionalRows {
    const known = this.#drafts.get(draft);
    if (known !== undefined) return known;
    const made = {
      rows: new SpillBuffer(this.#scratch, this.#form.order, this.#pool),
      received: 0,
      cut: 0,
      cutIds: [],
    };
    this.#drafts.set(draft, made);
    return made;
  }

  #sum(of: (draft: ProvisionalRows) => number): number {
    let sum = 0;
    for (const draft of this.#drafts.values()) sum += of(draft);
    return sum;
  }
}
