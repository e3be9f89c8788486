import { constants, isUtf8 } from 'node:buffer';
import { ExportError } from '../../base/errors.ts';
import { RowBuffer } from '../../csv/row-buffer.ts';
import type { Download } from '../../http/call.ts';
import { type ArrayLocation, Envelope } from '../../json/envelope.ts';
import { skipBlank } from '../../json/literals.ts';
import { passElement } from '../../json/tokenizer.ts';
import { type JsonObject, MAX_LEVELS, parseJson, tooLongError, unexpectedResponseError } from '../../json/values.ts';
import type { Columns, EventShape, ReadEvents, Vendor, VendorEvent } from '../../vendors/contract.ts';
import { readEvents } from '../../vendors/read-page.ts';
import { type TranscodedBatch, TranscodedRow } from './encoded-row.ts';
import { EventScanner } from './event-scanner.ts';
import { type RowWriter, rowWriter } from './row-writer.ts';

/** An event whose row is encoded already. */
export interface RowEvent extends Pick<VendorEvent, 'time' | 'id'> {
  readonly body: TranscodedRow;
}

type Read = (element: unknown, where: string) => VendorEvent;

const [COMMA, OPEN_OBJECT, CLOSE_ARRAY] = [0x2c, 0x7b, 0x5d];

/** Reads events as rows of the table where they can be made of bytes, else as objects. */
export function eventReader(vendor: Vendor, org: string, columns: Columns): ReadEvents {
  const maker = rowWriter(vendor, org, columns);
  return maker === null ? readEvents : rowReader(maker);
}

/**
 * Reads the events of a JSON response as rows of the maker's table, without an object of each: where an event is written
 * plainly, and holds what `shape` says and nothing else, its bytes become the row's; where it is anything else, `read` is
 * asked. A response in memory comes at once, one on the disk in batches; none is empty. Then the rest, and errors, as by
 * `readElements` and `read`.
 *
 * Does not release the download.
 */
export const rowReader = (maker: RowWriter) =>
  async function* readRows(
    download: Download,
    place: ArrayLocation,
    shape: EventShape,
    read: Read,
  ): AsyncGenerator<readonly RowEvent[], JsonObject | null> {
    const rows = new Rows(maker, download, place, shape, read);
    try {
      if (download.body !== null) yield* rows.push(download.body);
      else for await (const chunk of download.chunks()) yield* rows.push(chunk);
      return yield* rows.finish();
    } catch (error) {
      if (!(error instanceof ExportError) || error.kind === 'destination') throw error;
      // They know what is wrong and where, in the whole of the response.
      for await (const _ of readEvents(download, place, shape, read));
      throw new Error('A response was refused that can be read.', { cause: error });
    }
  };

/** The same as it goes on, chunk by chunk. */
class Rows {
  readonly #where: string;
  readonly #frame: Envelope;
  readonly #cells: EventScanner;
  readonly #read: Read;
  readonly #maker: RowWriter;
  /** Of the batch at hand. */
  #rows = new RowBuffer();
  /** The first bytes of an element that was not whole yet, and how many there are to be before it is tried again. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #wantedBytes = 0;
  /** Whether an element, or the end of the array, is yet to come for the first time. */
  #isFirst = true;

  constructor(maker: RowWriter, { where }: Download, place: ArrayLocation, shape: EventShape, read: Read) {
    this.#maker = maker;
    this.#where = where;
    this.#frame = new Envelope(place, where);
    this.#cells = new EventScanner(shape);
    this.#read = read;
  }

  /** The events that are whole since the last time, none or one batch of them. */
  *push(chunk: Buffer): Generator<readonly RowEvent[]> {
    const at = this.#frame.phase === 'before' ? this.#frame.read(chunk, 0) : 0;
    if (this.#frame.phase === 'within') {
      this.#pending.push(chunk.subarray(at));
      this.#pendingBytes += chunk.length - at;
      if (this.#pendingBytes >= Math.min(this.#wantedBytes, constants.MAX_STRING_LENGTH)) yield* this.#take();
    } else this.#frame.read(chunk, at);
  }

  /** The same when nothing more is to come, and the rest. */
  *finish(): Generator<readonly RowEvent[], JsonObject | null> {
    if (this.#frame.phase === 'within') yield* this.#take();
    return this.#frame.finish((position) => position);
  }

  /** Goes over all that is pending, and keeps what is not whole. */
  *#take(): Generator<readonly RowEvent[]> {
    const [first = Buffer.of()] = this.#pending;
    const source = this.#pending.length === 1 ? first : Buffer.concat(this.#pending, this.#pendingBytes);
    const batch: TranscodedBatch = { source, encoded: source };
    const events: RowEvent[] = [];
    // One of its own for each batch: whoever reads may keep the events.
    this.#rows = new RowBuffer(Math.ceil(this.#maker.expansionFactor * source.length));
    const at = this.#passElements(batch, events);
    batch.encoded = this.#rows.bytes;
    if (!isUtf8(source.subarray(0, at))) throw unexpectedResponseError('The response is not UTF-8.', this.#where);
    const left = source.subarray(at);
    if (this.#frame.phase === 'after') this.#frame.read(left, 0);
    else this.#keep(left, at === 0 ? 2 * left.length : 0);
    if (events.length > 0) yield events;
  }

  #keep(pending: Buffer, wantedBytes: number): void {
    this.#pending = [pending];
    this.#pendingBytes = pending.length;
    this.#wantedBytes = wantedBytes;
    if (pending.length > constants.MAX_STRING_LENGTH) throw tooLongError(pending.length, this.#where);
  }

  /** Goes over all elements that are whole. Gives the place behind the last one's comma, or behind the array. */
  #passElements(batch: TranscodedBatch, events: RowEvent[]): number {
    const { source } = batch;
    const end = source.length - 1;
    let at = 0;
    while (at <= end) {
      const from = skipBlank(source, at, end);
      let to = source[from] === OPEN_OBJECT ? this.#cells.scan(source, from, end) : -1;
      const time = to === -1 ? null : this.#cells.time;
      let next = to === -1 ? -1 : skipBlank(source, to, end);
      const isWhole = time !== null && (source[next] === COMMA || source[next] === CLOSE_ARRAY);
      if (isWhole) {
        events.push(this.#write(batch, from, to, time));
      } else {
        next = passElement(source, at, end);
        if (next === -1) break;
        to = next;
        const isNone = this.#isFirst && from === next && source[next] === CLOSE_ARRAY;
        if (!isNone) events.push(this.#parse(batch, at, to));
      }
      this.#isFirst = false;
      if (source[next] !== COMMA) return this.#frame.closeArray(source, next);
      at = next + 1;
    }
    return at;
  }

  /** Writes the row of the event that was scanned last, whose JSON lies in `[from, to)`. */
  #write(batch: TranscodedBatch, from: number, to: number, time: number): RowEvent {
    const begin = this.#rows.length;
    const { id, isCompact } = this.#cells;
    this.#maker.write({ time, id }, this.#cells, this.#rows);
    return { id, time, body: new TranscodedRow(batch, begin, this.#rows.length, from, to, isCompact) };
  }

  /** An element that is out of the ordinary. */
  #parse(batch: TranscodedBatch, from: number, to: number): RowEvent {
    if (to - from > constants.MAX_STRING_LENGTH) throw tooLongError(to - from, this.#where);
    const text = batch.source.toString('utf8', from, to);
    const element = parseJson(text, this.#where, undefined, MAX_LEVELS - this.#frame.elementDepth);
    const event = this.#read(element, this.#where);
    const { time, id } = event;
    const begin = this.#rows.length;
    this.#maker.writeEvent(event, this.#rows);
    return { time, id, body: new TranscodedRow(batch, begin, this.#rows.length, from, to, false) };
  }
}
