/** The bytes alone: the same requests, one after the other, and nothing made of what they answer. */

import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { LogId } from '../logs.ts';
import { type Asked, readAsked } from './asked.ts';

const agent = new Agent({ keepAlive: true });
const PAGE_ROWS = 1000;
/** Parts of a window that stay below Aitronos' cap of 10,000 rows. */
const PART_ROWS = 5000;

/** Reads a whole response and gives its last bytes. */
async function drain(url: string, headers: Readonly<Record<string, string>>, body = ''): Promise<string> {
  const call = request(url, { agent, headers: body ? { ...headers, 'content-length': body.length } : headers });
  call.end(body);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode}`);
  let last: Buffer = Buffer.alloc(0);
  for await (const chunk of response as AsyncIterable<Buffer>) last = chunk;
  return last.subarray(-300).toString('latin1');
}

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

type Walk = (asked: Asked, events: number) => Promise<void>;

const WALKS: Readonly<Record<LogId, Walk>> = {
  async codacy({ origin, token, from, to }) {
    const first = `${origin}/api/v3/organizations/gh/acme/audit?from=${from}&to=${to}&limit=${PAGE_ROWS}`;
    for (let url: string | null = first; url !== null; ) {
      const end = await drain(url, { 'api-token': token });
      const cursor = /"cursor":"([^"]+)"/.exec(end)?.[1];
      url = cursor === undefined ? null : `${first}&cursor=${cursor}`;
    }
  },
  async 'codacy-array'({ origin, token, from, to }) {
    await drain(`${origin}/api/v3/organizations/gh/acme/audit?from=${from}&to=${to}`, { 'api-token': token });
  },
  async infisical({ origin, token, from, to }, events) {
    const url = `${origin}/api/v1/organization/audit-logs?startDate=${iso(from)}&endDate=${iso(to)}&limit=${PAGE_ROWS}`;
    for (let offset = 0; offset < events; offset += PAGE_ROWS)
      await drain(`${url}&offset=${offset}`, { authorization: `Bearer ${token}` });
  },
  async datafold({ origin, token, from, to }) {
    const headers = { authorization: `Key ${token}`, 'content-type': 'application/json' };
    await drain(`${origin}/api/v1/audit_logs`, headers, JSON.stringify({ start_date: iso(from), end_date: iso(to) }));
  },
  async kosli({ origin, token, from, to }) {
    const url = `${origin}/api/v2/environments/acme/prod-k8s/auditlog`;
    await drain(`${url}?from_timestamp=${from / 1000}&to_timestamp=${to / 1000}`, { authorization: `Bearer ${token}` });
  },
  async aitronos({ origin, token, from, to }, events) {
    const parts = Math.ceil(events / PART_ROWS);
    const second = (part: number) => Math.round((from + ((to - from) * part) / parts) / 1000) * 1000;
    for (let part = 0; part < parts; part += 1) {
      const dates = `from_date=${iso(second(part))}&to_date=${iso(second(part + 1) - 1000)}`;
      const url = `${origin}/v1/organizations/org_sandbox/audit-log/export?${dates}`;
      await drain(url, { authorization: `Bearer ${token}` });
    }
  },
};

const [log = '', events = ''] = process.argv.slice(2);
const walk = new Map<string, Walk>(Object.entries(WALKS)).get(log);
if (walk === undefined) throw new Error(`${log}: not one of ${Object.keys(WALKS).join(', ')}`);
await walk(readAsked(), Number(events));
agent.destroy();
