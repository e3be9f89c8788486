/** Makes a log from a seed and writes it down as it will go over the wire, newest event first. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { GRANULE } from '../../sandbox/ledger.ts';
import { type KeySum, KeySummer } from '../key-sum.ts';
import { LOGS, type LogId } from '../logs.ts';
import { type Form, inForm } from './forms.ts';
import { instants, type Spread } from './instants.ts';
import { MAKERS } from './makers.ts';
import { penFrom } from './pen.ts';
import { shapeOf } from './shape.ts';

export interface LogOptions {
  readonly log: LogId;
  readonly seed: number;
  /** How many lie inside the window. */
  readonly events: number;
  /** Half open, in milliseconds since 1970. */
  readonly window: { readonly from: number; readonly to: number };
  readonly spread: Spread;
  /** Defaults to `compact`. */
  readonly form?: Form;
}

export interface WrittenLog {
  /** Where each event starts in the file, newest first; one more: where the file ends. */
  readonly offsets: Float64Array;
  /** When each happened, in microseconds since 1970, newest first. */
  readonly micros: Float64Array;
  /** Bytes between one event and the next that are no part of either: a comma in JSON, none in CSV. */
  readonly separator: number;
  /** Of the events inside the window. */
  readonly keys: KeySum;
  /** Of the events inside the window. */
  readonly bytes: number;
}

/** The fields by which events are found, dated and told apart, and those that have a closed list of values. */
const FIXED = [
  ...['timestamp', 'createdAt', 'updatedAt', 'expiresAt', 'id', 'event_uuid', 'entityId', 'requestDetails', 'type'],
];

const CHUNK_CHARACTERS = 2 ** 20;

export function writeLog(
  path: string,
  { log, seed, events, window, spread, form = 'compact' }: LogOptions,
): WrittenLog {
  const shape = shapeOf(seed);
  const pen = penFrom(seed, `${log} events`, shape);
  const granule = GRANULE[LOGS[log].vendor];
  const dice = penFrom(seed, `${log} ${spread} instants`, shape);
  const micros = instants({ events, window, granule, spread, ties: shape.ties, dice });
  const offsets = new Float64Array(micros.length + 1);
  const between = LOGS[log].format === 'csv' ? '' : ',';
  const keys = new KeySummer();
  const file = openSync(path, 'w');
  let [chunk, end, inside] = ['', 0, 0];
  for (const [index, instant] of micros.entries()) {
    const made = MAKERS[log]({ pen, index, micros: instant });
    const { key } = made;
    const text = inForm(form, made.text, FIXED, dice);
    const bytes = Buffer.byteLength(text);
    offsets[index] = end;
    end += bytes + between.length;
    chunk += text + between;
    if (chunk.length > CHUNK_CHARACTERS) {
      writeAll(file, chunk);
      chunk = '';
    }
    if (instant < window.from * 1000 || instant >= window.to * 1000) continue;
    keys.add(Buffer.from(key));
    inside += bytes;
  }
  writeAll(file, chunk);
  closeSync(file);
  offsets[micros.length] = end;
  return { offsets, micros, separator: between.length, keys: keys.total(), bytes: inside };
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
