/** Whether the rows that are made of JSON byte by byte are those that come by way of objects, whoever the vendor is. */

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WrittenLog, writeLog } from '../../bench/events/write.ts';
import type { LogId } from '../../bench/logs.ts';
import { encodeRow } from '../../src/csv/encode.ts';
import type { Call, Download } from '../../src/http/call.ts';
import { inMemory } from '../../src/http/spool.ts';
import { planTable } from '../../src/table/table-plan.ts';
import { TranscodedRow } from '../../src/table/transcode/encoded-row.ts';
import { rowReader } from '../../src/table/transcode/event-reader.ts';
import { rowWriter } from '../../src/table/transcode/row-writer.ts';
import { contains } from '../../src/time/window.ts';
import type { Columns, ReadEvents, Vendor } from '../../src/vendors/contract.ts';
import { vendors } from '../../src/vendors/index.ts';
import { readEvents } from '../../src/vendors/read-page.ts';
import { pagesOf } from '../fuzz/pages.ts';
import { insist } from '../fuzz/target.ts';

const DAY = { from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 10, 2) };

/** The JSON vendors, and what stands around the events of an answer. */
const LOGS: readonly [log: LogId, vendor: string, before: string, after: string][] = [
  ['codacy-array', 'codacy', '[', ']'],
  ['infisical', 'infisical', '{"auditLogs":[', ']}'],
  ['datafold', 'datafold', '{"logs":[', ']}'],
];

export interface EventsProof {
  readonly events: number;
  /** Of the processor, in microseconds. */
  readonly micros: { readonly bytes: number; readonly objects: number };
}

/** Throws where a row differs. */
export async function proveEvents(seed: number, count: number): Promise<EventsProof> {
  const micros = { bytes: 0, objects: 0 };
  let events = 0;
  for (const [log, id, before, after] of LOGS) {
    const vendor = vendors.get(id);
    insist(vendor !== undefined, 'no vendor', id);
    const folder = await mkdtemp(join(tmpdir(), 'rows-'));
    try {
      const path = join(folder, 'log');
      const share = Math.ceil(count / LOGS.length);
      const written = writeLog(path, { log, seed, events: share, window: DAY, spread: 'even' });
      const download = server(await readFile(path), written, before, after);
      const few = (vendor.columns ?? []).slice(0, 4).map(({ name }) => name);
      const tables: readonly Columns[] = ['native', 'common', [...few, 'extra', 'actor_email', 'raw']];
      for (const columns of tables) {
        const maker = rowWriter(vendor, 'acme', columns);
        insist(maker !== null, 'no rows by bytes', log);
        const byBytes = await sumOf(vendor, columns, download, rowReader(maker));
        const byObjects = await sumOf(vendor, columns, download, readEvents);
        insist(byBytes.sha256 === byObjects.sha256, 'the rows differ', log, columns, byBytes, byObjects);
        insist(byBytes.rows >= share, 'rows are missing', log, byBytes.rows);
        events += byBytes.rows;
        micros.bytes += byBytes.micros;
        micros.objects += byObjects.micros;
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  return { events, micros };
}

/** Answers what a call asks for, newest first: all of the window, or so many as `limit` says. */
function server(bytes: Buffer, { offsets, micros, separator }: WrittenLog, before: string, after: string) {
  return async ({ query = {}, body = {} }: Call): Promise<Download> => {
    const bound = (...names: string[]) => {
      const given = names.map((name) => query[name] ?? body[name]).find((value) => value !== undefined);
      return typeof given === 'number' ? given : Date.parse(String(given));
    };
    const window = { from: bound('from', 'startDate', 'start_date'), to: bound('to', 'endDate', 'end_date') };
    const isAsked = (micro: number) => contains(window, micro / 1000);
    const first = micros.findIndex(isAsked);
    const last = micros.findLastIndex(isAsked);
    const limit = Number(query['limit'] ?? micros.length);
    const end = first < 0 ? 0 : Math.min(last + 1, first + Number(query['offset'] ?? 0) + limit);
    const found = first < 0 ? '' : bytes.subarray(offsets[first], (offsets[end] ?? 0) - separator);
    return {
      where: 'GET /log',
      ...inMemory(Buffer.concat([Buffer.from(before), Buffer.from(found), Buffer.from(after)])),
    };
  };
}

async function sumOf(
  vendor: Vendor,
  columns: Columns,
  download: (call: Call) => Promise<Download>,
  events: ReadEvents,
) {
  const query = { window: DAY, org: 'acme', provider: 'gh', filters: new Map<string, readonly string[]>() };
  const { row } = planTable({ vendor, org: 'acme', columns, header: null });
  const hash = createHash('sha256');
  const began = process.cpuUsage();
  let rows = 0;
  for await (const page of pagesOf(vendor, { query, send: () => Promise.reject(), download, events, note: () => {} })) {
    for (const event of page.events) {
      const { time, id, body } = event;
      if (!contains(page.slice, time ?? 0)) continue;
      hash.update(`${time} ${id} `);
      hash.update(body instanceof TranscodedRow ? body.bytes.subarray(body.from, body.to) : encodeRow(row(event)));
      rows++;
    }
  }
  const { user, system } = process.cpuUsage(began);
  return { rows, micros: user + system, sha256: hash.digest('hex') };
}
