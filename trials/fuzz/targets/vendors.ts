/** Damaged answers to each vendor's file: it gives pages and rows, or an ExportError, and always ends. */

import fc from 'fast-check';
import type { ErrorKind } from '../../../src/base/errors.ts';
import { encodeRow } from '../../../src/csv/encode.ts';
import { RowBuffer } from '../../../src/csv/row-buffer.ts';
import type { Answer, Call, Download } from '../../../src/http/call.ts';
import { inMemory } from '../../../src/http/spool.ts';
import { planTable } from '../../../src/table/table-plan.ts';
import { eventReader } from '../../../src/table/transcode/event-reader.ts';
import type { Vendor } from '../../../src/vendors/contract.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { edited, editsOf } from '../mutations.ts';
import { pagesOf } from '../pages.ts';
import { expected, insist, target } from '../target.ts';

const WINDOW = { from: Date.UTC(2026, 10, 20), to: Date.UTC(2026, 10, 21) };
const KINDS: readonly ErrorKind[] = ['protocol', 'incomplete', 'not-found', 'input'];

/** Far more than any of these small answers leads to, unless the paging runs in circles. */
const MOST_REQUESTS = 2_000;

const time = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 86_400_000 }).map((ms) => new Date(WINDOW.from + ms).toISOString()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['2026-11-20T08:00:00.123456+00:00', '2026-11-20 08:00:00', '9999-12-31T23:59:59-23:59', 'soon', ''],
      ...['1795161600.25', '1795161600', '99999999999999999999', '1e300', '-1', 'Infinity', '0x10'],
    ),
  },
);
const word = fc.oneof(fc.constantFrom('a', 'success', 'user', 'é,"\n'), fc.string({ maxLength: 5 }));
const anyJson = fc.jsonValue({ maxDepth: 2 });

/** An event with the vendor's own fields, most of them as its document has them. */
function eventOf({ columns, timeColumn }: Vendor): fc.Arbitrary<object> {
  const names = (columns ?? []).map(({ name }) => name);
  const heads = [...new Set(names.map((name) => name.replace(/\..*/, '')))];
  const fields = heads.map((head): [string, fc.Arbitrary<unknown>] => {
    const subs = names.filter((name) => name.startsWith(`${head}.`)).map((name) => name.slice(head.length + 1));
    const inner = fc.record(Object.fromEntries(subs.map((sub) => [sub, fc.oneof(word, anyJson)])), {
      requiredKeys: [],
    });
    const usual = head === timeColumn || head === 'updatedAt' ? time : subs.length > 0 ? inner : word;
    return [head, fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: anyJson })];
  });
  const typed = heads.includes('event') ? fc.constant({ event: { type: 'x' }, actor: { type: 'y' } }) : fc.constant({});
  return fc.tuple(fc.record(Object.fromEntries(fields)), typed).map(([event, more]) => ({ ...event, ...more }));
}

const cell = fc.oneof(time, word).map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text));
const KOSLI_HEADER = 'type,environment_name,reported_at,sha256';

function csvOf({ columns }: Vendor): fc.Arbitrary<string> {
  const header = columns === null ? KOSLI_HEADER : columns.map(({ name }) => name).join(',');
  const width = header.split(',').length;
  const row = fc
    .tuple(time, fc.array(cell, { minLength: width - 1, maxLength: width - 1 }))
    .map(([at, cells]) =>
      (columns === null ? [...cells.slice(0, 2), at, ...cells.slice(2)] : [at, ...cells]).join(','),
    );
  const end = fc.constantFrom('\r\n', '\n');
  const rows = fc.oneof(
    { weight: 9, arbitrary: fc.array(row, { maxLength: 5 }) },
    // A round number of rows looks like a cap.
    { weight: 1, arbitrary: row.map((one) => Array.from({ length: 100 }, () => one)) },
  );
  return fc.tuple(rows, end).map(([lines, lineEnd]) => [header, ...lines, ''].join(lineEnd));
}

/** Answers of a vendor that answers in JSON. */
function jsonOf(vendor: Vendor): fc.Arbitrary<unknown> {
  const events = fc.array<unknown>(vendor.format === 'json' ? eventOf(vendor) : anyJson, { maxLength: 4 });
  const environment = fc.record({ name: word, type: fc.constantFrom('K8S', 'logical') });
  switch (vendor.id) {
    case 'infisical':
      return fc.record({ auditLogs: events, accessToken: word });
    case 'datafold':
      return fc.record({ logs: events });
    case 'codacy':
      return fc.oneof(
        events,
        fc.record({
          data: events,
          pagination: fc.record({ cursor: fc.constantFrom(null, '', 'a', 'b'), total: fc.nat({ max: 5 }) }),
        }),
      );
    case 'kosli':
      return fc.oneof(
        fc.array(environment, { maxLength: 3 }),
        fc.record({
          environments: fc.array(environment),
          total_pages: fc.nat({ max: 3 }),
          total_count: fc.nat({ max: 3 }),
        }),
      );
    default:
      return fc.record({ items: fc.array(anyJson, { maxLength: 3 }), total: fc.nat({ max: 5 }) });
  }
}

const TOKENS = ['"', ',', '{', '}', '[', ']', ':', '\r\n', '\n', 'null', '-1', '1e999', '\\u0000', '\0', 'a', '0'];

const inputs = fc.constantFrom(...vendors.values()).chain((vendor) => {
  const answers = <Body>(body: fc.Arbitrary<Body>, write: (one: Body) => string) =>
    fc.array(fc.tuple(body.map(write), editsOf(TOKENS, 2)), { minLength: 1, maxLength: 3 });
  return fc.record({
    vendor: fc.constant(vendor.id),
    json: answers(jsonOf(vendor), (body) => JSON.stringify(body)),
    csv: vendor.format === 'csv' ? answers(csvOf(vendor), (body) => body) : fc.constant([]),
    columns: fc.constantFrom('native', 'common'),
  });
});

export const vendorAnswers = target({
  name: 'vendors',
  holds:
    'a vendor makes pages of any answers, in an end of requests, or refuses them; rows are the same by bytes and cells',
  runs: 1_500,
  sample: 150,
  inputs,
  async check({ vendor: id, json, csv, columns }) {
    const vendor = vendors.get(id);
    insist(vendor !== undefined, 'no vendor');
    let requests = 0;
    const send = async ({ path, accept }: Call): Promise<Answer> => {
      requests += 1;
      if (requests > MOST_REQUESTS) throw new Error(`After ${MOST_REQUESTS} requests, the paging still goes on.`);
      const answers = accept === 'csv' ? csv : json;
      const [text, edits] = answers[(requests - 1) % answers.length] ?? ['', []];
      return { status: 200, body: edited(Buffer.from(text), edits), where: `GET ${path}` };
    };
    const download = async (call: Call): Promise<Download> => {
      const { body, where } = await send(call);
      return { where, ...inMemory(body) };
    };
    const query = { window: WINDOW, org: 'acme', provider: 'gh', filters: new Map<string, readonly string[]>() };
    const session = { query, send, download, events: eventReader(vendor, 'acme', columns), note: () => {} };
    try {
      for await (const { header = null, events } of pagesOf(vendor, session)) {
        const { names, row, write } = planTable({ vendor, org: 'acme', columns, header });
        for (const event of events) {
          const rows = new RowBuffer();
          write(event, rows);
          insist(rows.bytes.equals(Buffer.from(encodeRow(row(event)))), 'another row by bytes', rows.bytes.toString());
          insist(!Number.isNaN(event.time), 'a time is no number', event);
          insist(row(event).length === names.length, 'a row of another width', event);
        }
      }
      return 'taken';
    } catch (error) {
      expected(KINDS, error);
      return 'refused';
    }
  },
});
