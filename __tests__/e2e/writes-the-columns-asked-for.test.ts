import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { inWindow, jsonOf, type LedgerEvent, makeLedger, type VendorId } from '../../sandbox/ledger.ts';
import { expectGreen, expectRed, fileOf, inputsOf, lastWeek, ORG, run, uploads, vendor } from './scenario.ts';

const window = lastWeek();
const COMMON =
  'time,vendor,org,id,action,outcome,actor_type,actor_id,actor_name,actor_email,target_type,target_id,target_name,source_ip,user_agent,raw';

type Row = Record<string, string>;
const rowsOf = (csv: string) => parse(csv, { columns: true, record_delimiter: '\r\n' }) as Row[];
const object = (value: unknown) => (value ?? {}) as Record<string, unknown>;
const textOf = (value: unknown) => (value === undefined || value === null ? '' : String(value));

/** Some common columns, by the vendor's own fields; `null` where the test does not check one. */
const COMMONLY: Readonly<Record<VendorId, (fields: LedgerEvent['fields']) => Row>> = {
  kosli: (fields) => ({ action: textOf(fields['type']), outcome: 'unknown', target_id: textOf(fields['sha256']) }),
  infisical: (fields) => ({
    id: textOf(fields['id']),
    action: textOf(object(fields['event'])['type']),
    actor_type: textOf(object(fields['actor'])['type']),
    source_ip: textOf(fields['ipAddress']),
    target_id: textOf(fields['projectId']),
    raw: jsonOf(fields),
  }),
  datafold: (fields) => ({
    id: textOf(fields['event_uuid']),
    action: textOf(fields['action']),
    actor_email: textOf(fields['user_email']),
    target_type: textOf(fields['object_type']),
    user_agent: textOf(fields['user_agent']),
    raw: jsonOf(fields),
  }),
  aitronos: (fields) => ({
    action: textOf(fields['Action']),
    actor_name: textOf(fields['Actor Name']),
    actor_email: textOf(fields['Actor Email']),
    raw: JSON.stringify(fields),
  }),
  codacy: (fields) => ({
    action: textOf(fields['action']),
    outcome: fields['result'] === 'succeed' ? 'success' : 'failure',
    actor_email: textOf(object(fields['actor'])['email']),
    target_name: textOf(fields['repositoryName']),
  }),
};

describe.each(Object.keys(COMMONLY) as VendorId[])('columns of %s', (id) => {
  test('`common`: the columns of every vendor, times in RFC 3339', async () => {
    const events = makeLedger({ vendor: id, seed: 6, events: 60, window });
    const server = await vendor(id, { events });
    const filters: Row = id === 'kosli' ? { filters: 'env_name: prod-k8s,prod-ecs,staging.eu-1,old-server' } : {};
    const ran = await run({
      vendor: id,
      server,
      with: { ...inputsOf(window), columns: 'common', destination: 'file', ...filters },
    });
    expectGreen(ran);
    const csv = await fileOf(ran, 'csv-path');
    expect(csv.split('\r\n')[0]).toBe(COMMON);
    const rows = rowsOf(csv);
    const expected = inWindow(events, window).map(({ time, fields }) => ({
      time: new Date(Math.floor(time)).toISOString().replace('.000Z', 'Z'),
      vendor: id,
      org: ORG[id],
      ...COMMONLY[id](fields),
    }));
    const names = Object.keys(expected[0] ?? {});
    const picked = rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name]])));
    const sorted = (some: readonly object[]) => some.map((row) => JSON.stringify(row)).sort();
    expect(sorted(picked)).toEqual(sorted(expected));
  });
});

test('a list: has columns of both tables, in the order given', async () => {
  const events = makeLedger({ vendor: 'infisical', seed: 6, events: 60, window });
  const server = await vendor('infisical', { events });
  const columns = 'vendor, createdAt,actor.type\nid,target_name';
  const ran = await run({
    vendor: 'infisical',
    server,
    with: { ...inputsOf(window), columns, destination: 'file' },
  });
  expectGreen(ran);
  const csv = await fileOf(ran, 'csv-path');
  expect(csv.split('\r\n')[0]).toBe('vendor,createdAt,actor.type,id,target_name');
  expect(
    rowsOf(csv)
      .map((row) => [row['id'], row['actor.type'], row['target_name']])
      .sort(),
  ).toEqual(
    inWindow(events, window)
      .map(({ fields }) => [fields['id'], object(fields['actor'])['type'], textOf(fields['projectName'])])
      .sort(),
  );
});

test("a column that Kosli's header does not have: ends red, and leaves nothing", async () => {
  const server = await vendor('kosli');
  const results = await uploads();
  const ran = await run({ vendor: 'kosli', server, results, with: { columns: 'type,snapshot' } });
  expectRed(ran, { what: 'Kosli has no column snapshot.', where: 'columns', next: 'Choose from: environment, type,' });
  expect(results.server.requests).toEqual([]);
});

test('`common` of a Kosli header without times: ends red', async () => {
  const server = await vendor('kosli', { time: 'none' });
  const results = await uploads();
  const ran = await run({ vendor: 'kosli', server, results, with: { columns: 'common' } });
  expectRed(ran, { what: "No column of Kosli's CSV reads as a time", where: 'input `columns`', next: 'Use `native`' });
  expect(results.server.requests).toEqual([]);
});
