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

/**
 * Returns a reader that makes rows of bytes where it can, else of objects. This is the one door of `table/transcode/`:
 * EventScanner has an example.
 */
export function eventReader(vendor: Vendor, org: string, columns: Columns): ReadEvents {
  const writer = rowWriter(vendor, org, columns);
  return writer === null ? readEvents : rowReader(writer);
}

/**
 * Reads the events of a JSON response as rows of the writer's table, without an object of each: where an event holds
 * what `shape` says, its bytes become the row's, else `read` is called. A response in memory comes in one batch, one on
 * the disk in several; none is empty. Returns what the response holds beside the events. Throws as `readElements` and
 * `read` do.
 *
 * Does not release the download.
 */
export const rowReader = (writer: RowWriter) =>
  async function* readRows(
    download: Download,
    place: ArrayLocation,
    shape: EventShape,
    read: Read,
  ): AsyncGenerator<readonly RowEvent[], JsonObject | null> {
    const rows = new RowReading(writer, download, place, shape, read);
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

/** Incremental state of `readRows`. */
class RowReading {
  readonly #where: string;
  readonly #envelope: Envelope;
  readonly #scanner: EventScanner;
  readonly #read: Read;
  readonly #writer: RowWriter;
  /** Rows of the batch that is being read. */
  #rows = new RowBuffer();
  /** First bytes of an element that was not whole yet, and how many bytes there have to be before it is tried again. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #wantedBytes = 0;
  /** Whether no element, and no end of the array, was read yet. */
  #isFirst = true;

  constructor(writer: RowWriter, { where }: Download, place: ArrayLocation, shape: EventShape, read: Read) {
    this.#writer = writer;
    this.#where = where;
    this.#envelope = new Envelope(place, where);
    this.#scanner = new EventScanner(shape);
    this.#read = read;
  }

  /** Takes a chunk; yields the events that are whole since the last time, none or one batch of them. */
  *push(chunk: Buffer): Generator<readonly RowEvent[]> {
    const at = this.#envelope.phase === 'before' ? this.#envelope.read(chunk, 0) : 0;
    if (this.#envelope.phase === 'within') {
      this.#pending.push(chunk.subarray(at));
      this.#pendingBytes += chunk.length - at;
      if (this.#pendingBytes >= Math.min(this.#wantedBytes, constants.MAX_STRING_LENGTH)) yield* this.#readPending();
    } else this.#envelope.read(chunk, at);
  }

  /**
   * Yields the events that are left once no chunk comes any more; returns what the response holds beside the events.
   */
  *finish(): Generator<readonly RowEvent[], JsonObject | null> {
    if (this.#envelope.phase === 'within') yield* this.#readPending();
    return this.#envelope.finish((position) => position);
  }

  /** Reads all that is pending, and keeps what is not whole. */
  *#readPending(): Generator<readonly RowEvent[]> {
    const [first = Buffer.of()] = this.#pending;
    const source = this.#pending.length === 1 ? first : Buffer.concat(this.#pending, this.#pendingBytes);
    const batch: TranscodedBatch = { source, encoded: source };
    const events: RowEvent[] = [];
    // One of its own for each batch: whoever reads may keep the events.
    this.#rows = new RowBuffer(Math.ceil(this.#writer.expansionFactor * source.length));
    const at = this.#readElements(batch, events);
    batch.encoded = this.#rows.bytes;
    if (!isUtf8(source.subarray(0, at))) throw unexpectedResponseError('The response is not UTF-8.', this.#where);
    const left = source.subarray(at);
    if (this.#envelope.phase === 'after') this.#envelope.read(left, 0);
    else this.#keep(left, at === 0 ? 2 * left.length : 0);
    if (events.length > 0) yield events;
  }

  #keep(pending: Buffer, wantedBytes: number): void {
    this.#pending = [pending];
    this.#pendingBytes = pending.length;
    this.#wantedBytes = wantedBytes;
    if (pending.length > constants.MAX_STRING_LENGTH) throw tooLongError(pending.length, this.#where);
  }

  /** Reads all elements that are whole; returns the place behind the last one's comma, or behind the array. */
  #readElements(batch: TranscodedBatch, events: RowEvent[]): number {
    const { source } = batch;
    const end = source.length - 1;
    let at = 0;
    while (at <= end) {
      const from = skipBlank(source, at, end);
      let to = source[from] === OPEN_OBJECT ? this.#scanner.scan(source, from, end) : -1;
      const time = to === -1 ? null : this.#scanner.time;
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
      if (source[next] !== COMMA) return this.#envelope.closeArray(source, next);
      at = next + 1;
    }
    return at;
  }

  /** Writes the row of the event that was scanned last, whose JSON lies in `[from, to)`. */
  #write(batch: TranscodedBatch, from: number, to: number, time: number): RowEvent {
    const begin = this.#rows.length;
    const { id, isCompact } = this.#scanner;
    this.#writer.write({ time, id }, this.#scanner, this.#rows);
    return { id, time, body: new TranscodedRow(batch, begin, this.#rows.length, from, to, isCompact) };
  }

  /** Parses an element that cannot be read from bytes, and writes its row. */
  #parse(batch: TranscodedBatch, from: number, to: number): RowEvent {
    if (to - from > constants.MAX_STRING_LENGTH) throw tooLongError(to - from, this.#where);
    const text = batch.source.toString('utf8', from, to);
    const element = parseJson(text, this.#where, undefined, MAX_LEVELS - this.#envelope.elementDepth);
    const event = this.#read(element, this.#where);
    const { time, id } = event;
    const begin = this.#rows.length;
    this.#writer.writeEvent(event, this.#rows);
    return { time, id, body: new TranscodedRow(batch, begin, this.#rows.length, from, to, false) };
  }
}
