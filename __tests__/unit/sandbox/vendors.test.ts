import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { inWindow, jsonOf, type LedgerEvent, makeLedger, type VendorId } from '../../../sandbox/ledger.ts';
import {
  closeFramed,
  cutBody,
  cutGzip,
  html200,
  redirect,
  reset,
  type SandboxServer,
} from '../../../sandbox/server.ts';
import { aitronosItem } from '../../../sandbox/vendors/aitronos.ts';
import { codacyWire } from '../../../sandbox/vendors/codacy.ts';
import { type OptionsByVendor, startVendor } from '../../../sandbox/vendors/index.ts';
import { kosliCells, kosliHeader } from '../../../sandbox/vendors/kosli.ts';

const window = { from: Date.parse('2026-03-01T00:00:00Z'), to: Date.parse('2026-03-08T00:00:00Z') };
const FROM = '2026-03-01T00:00:00Z';
const TO = '2026-03-08T00:00:00Z';
const token = 'secret-token';
const ledgerOf = (vendor: VendorId) => makeLedger({ vendor, seed: 7, events: 300, window, outside: 10 });

const open: SandboxServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start<Id extends VendorId>(id: Id, options: Partial<OptionsByVendor[Id]> = {}) {
  const whole = { events: ledgerOf(id), token, ...options } as OptionsByVendor[Id];
  const server = await startVendor(id, whole);
  open.push(server);
  return server;
}

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}
interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `fetch` refuses a GET with a body. */
const ask = (server: SandboxServer, path: string, { method = 'GET', headers = {}, body = '' }: Sent = {}) =>
  new Promise<Got>((resolve, reject) => {
    const framing = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const req = httpRequest(`${server.origin}${path}`, { method, headers: { ...headers, ...framing } }, (res) => {
      const chunks: Buffer[] = [];
      res.on('error', reject);
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => {
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() });
      });
    });
    req.on('error', reject);
    req.end(body);
  });

const bearer = { authorization: `Bearer ${token}` };
const key = { authorization: `Key ${token}`, 'content-type': 'application/json' };
const apiToken = { 'api-token': token };
const KOSLI = '/api/v2/environments/acme/prod-k8s/auditlog';
const INFISICAL = '/api/v1/organization/audit-logs';
const DATAFOLD = '/api/v1/audit_logs';
const AITRONOS = '/v1/organizations/org_sandbox/audit-log';
const CODACY = '/api/v3/organizations/gh/acme/audit';

describe('sandbox vendors, strictness', () => {
  const places: readonly [VendorId, path: string, headers: Record<string, string>, names: readonly string[]][] = [
    ['kosli', KOSLI, bearer, ['message']],
    ['infisical', INFISICAL, bearer, ['reqId', 'statusCode', 'message', 'error']],
    ['datafold', DATAFOLD, key, ['detail']],
    ['aitronos', `${AITRONOS}/export`, bearer, ['success', 'error']],
    ['codacy', CODACY, apiToken, ['message', 'innerMessage', 'actions', 'error']],
  ];

  test.each(places)('%s refuses what its document does not name', async (id, path, headers, names) => {
    const server = await start(id);
    const statuses: number[] = [];
    for (const [where, sent] of [
      [path, { headers }],
      [path, {}],
      [path, { method: 'POST', headers }],
      [`${path}s`, { headers }],
      [`${path}?bogus=1`, { headers }],
      [path, { headers: { ...headers, 'x-stray': '1' } }],
    ] satisfies [string, Sent][]) {
      const got = await ask(server, where, sent);
      statuses.push(got.status);
      expect(got.headers['content-length']).toBe(String(Buffer.byteLength(got.text)));
      if (got.status !== 200) expect(Object.keys(JSON.parse(got.text))).toEqual(expect.arrayContaining([...names]));
    }
    expect(statuses).toEqual([200, 401, 405, 404, id === 'codacy' ? 400 : 422, 400]);
    expect(server.requests).toHaveLength(6);
    expect(server.requests[4]?.query).toEqual([['bogus', '1']]);
  });

  test('bad values are refused in the vendor’s words', async () => {
    const infisical = await start('infisical');
    const status = async (query: string) => (await ask(infisical, `${INFISICAL}?${query}`, { headers: bearer })).status;
    expect(await status('limit=1001')).toBe(422);
    expect(await status('startDate=2026-03-01T00:00:00%2B00:00')).toBe(422);
    expect(await status('startDate=2026-02-30T00:00:00Z')).toBe(422);
    expect(await status('userAgentType=curl')).toBe(422);
    expect(await status('startDate=2026-01-01T00:00:00Z&endDate=2026-04-01T00:00:00.001Z')).toBe(400);
    expect(await status('startDate=2026-01-01T00:00:00Z&endDate=2026-04-01T00:00:00Z')).toBe(200);

    const kosli = await ask(await start('kosli'), `${KOSLI}?event_types=began`, { headers: bearer });
    expect([kosli.status, JSON.parse(kosli.text)]).toMatchObject([422, { errors: { event_types: expect.anything() } }]);

    const datafold = await start('datafold');
    for (const body of ['{"from":null}', '{"start_date":"yesterday"}', '[]', '{']) {
      const got = await ask(datafold, DATAFOLD, { headers: key, body });
      expect([got.status, JSON.parse(got.text)]).toMatchObject([
        422,
        { detail: [{ loc: ['body', expect.anything()] }] },
      ]);
    }
    const untyped = { authorization: key.authorization };
    expect((await ask(datafold, DATAFOLD, { headers: untyped, body: '{}' })).status).toBe(422);

    const array = await start('codacy', { shape: 'array' });
    expect((await ask(array, `${CODACY}?limit=10`, { headers: apiToken })).status).toBe(400);
    expect((await ask(array, `${CODACY}?from=2026-03-01`, { headers: apiToken })).status).toBe(400);
  });
});

describe('sandbox of Kosli', () => {
  test('logical environments repeat physical ones, archived ones answer by name alone', async () => {
    const server = await start('kosli');
    const listed = JSON.parse((await ask(server, '/api/v2/environments/acme', { headers: bearer })).text);
    expect(listed.map((one: { name: string }) => one.name)).toEqual(['prod-k8s', 'prod-ecs', 'staging.eu-1', 'prod']);
    const rows = async (name: string, query = '') => {
      const got = await ask(server, `/api/v2/environments/acme/${name}/auditlog${query}`, { headers: bearer });
      expect(got.headers['content-type']).toBe('text/csv; charset=utf-8');
      return parse(got.text) as string[][];
    };
    const expected = ledgerOf('kosli')
      .filter((event) => event.hidden['environment'] === 'prod-k8s')
      .reverse();
    const k8s = await rows('prod-k8s');
    expect(k8s).toEqual([kosliHeader('float'), ...expected.map((event) => kosliCells(event, 'float'))]);
    expect((await rows('prod')).length - 1).toBe(k8s.length - 1 + (await rows('prod-ecs')).length - 1);
    expect((await rows('old-server')).length).toBeGreaterThan(1);
    const none = await rows('prod-k8s', '?flow_names=no%20provenance&event_types=started');
    expect(new Set(none.slice(1).map((cells) => `${cells[0]}|${cells[7]}`))).toEqual(new Set(['started|']));
  });

  test('pages of environments, a row cap, and a header without time', async () => {
    const server = await start('kosli', { paged: true, rowCap: 5, time: 'none', order: 'oldest' });
    const list = await ask(server, '/api/v2/environments/acme?page=2&per_page=3', { headers: bearer });
    expect(JSON.parse(list.text)).toMatchObject({ page: 2, per_page: 3, total_pages: 2, total_count: 4 });
    expect(JSON.parse(list.text).environments).toHaveLength(1);
    const rows = parse((await ask(server, KOSLI, { headers: bearer })).text) as string[][];
    expect(rows).toHaveLength(6);
    expect(rows[0]).not.toContain('reported_at');
  });
});

describe('sandbox of Infisical', () => {
  const pathOf = (offset: number, limit = 100) =>
    `${INFISICAL}?startDate=${FROM}&endDate=${TO}&limit=${limit}&offset=${offset}`;
  const idsAt = async (server: SandboxServer, path: string): Promise<string[]> => {
    const got = await ask(server, path, { headers: bearer });
    return JSON.parse(got.text).auditLogs.map((log: { id: string }) => log.id);
  };

  test('pages newest first add up to the half-open window', async () => {
    const server = await start('infisical');
    const ids = [...(await idsAt(server, pathOf(0))), ...(await idsAt(server, pathOf(100, 1000)))];
    const expected = inWindow(ledgerOf('infisical'), window).reverse();
    expect(ids).toEqual(expected.map((event) => event.fields['id']));
    expect(await idsAt(server, `${INFISICAL}?startDate=${FROM}`)).toHaveLength(20);
  });

  test('with shuffled ties, pages by offset lose events', async () => {
    const server = await start('infisical', { tieShuffle: 1 });
    const seen = new Set<string>();
    for (let offset = 0; offset < 300; offset += 20)
      for (const id of await idsAt(server, pathOf(offset, 20))) seen.add(id);
    expect(seen.size).toBeLessThan(300);
    expect(await idsAt(server, pathOf(0, 1000))).toHaveLength(300);
  });

  test('filters filter, and a secret’s filters do nothing without a project', async () => {
    const server = await start('infisical');
    const count = async (query: string) => (await idsAt(server, `${pathOf(0, 1000)}&${query}`)).length;
    expect(await count('environment=dev&secretKey=nothing')).toBe(300);
    expect(await count('projectId=project-a&secretKey=nothing')).toBe(0);
    expect(await count('projectId=project-a')).toBeGreaterThan(await count('projectId=project-a&environment=dev'));
    const both = await count('eventType=get-secret,create-secret');
    expect(both).toBe((await count('eventType=get-secret')) + (await count('eventType=create-secret')));
    expect(await count('eventMetadata=environment=dev,secretPath=/app')).toBeGreaterThan(0);
  });

  test('log-in gives a token that wears out with 403 TokenError', async () => {
    const client = { clientId: 'id', clientSecret: 'hush' };
    const server = await start('infisical', { client, tokenRequests: 1 });
    const path = '/api/v1/auth/universal-auth/login';
    const login = (body: object) =>
      ask(server, path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await login({ ...client, clientSecret: 'loud' })).status).toBe(401);
    expect((await login({ ...client, extra: 'x' })).status).toBe(422);
    const { accessToken } = JSON.parse((await login(client)).text);
    const headers = { authorization: `Bearer ${accessToken}` };
    expect((await ask(server, pathOf(0), { headers })).status).toBe(200);
    const spent = await ask(server, pathOf(0), { headers });
    expect([spent.status, JSON.parse(spent.text)]).toMatchObject([403, { statusCode: 403, error: 'TokenError' }]);
  });

  test('a rate limit says when to come back', async () => {
    const server = await start('infisical', { rateLimit: { every: 2, retryAfter: 1 } });
    expect((await ask(server, pathOf(0), { headers: bearer })).status).toBe(200);
    const refused = await ask(server, pathOf(0), { headers: bearer });
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
  });
});

describe('sandbox of Datafold', () => {
  const body = JSON.stringify({ start_date: FROM, end_date: TO });

  test('the body of the GET is the window, its bounds as told', async () => {
    for (const bounds of [{}, { toInclusive: false }, { fromInclusive: false, toInclusive: false }]) {
      const server = await start('datafold', { bounds });
      const got = await ask(server, DATAFOLD, { headers: key, body });
      const { fromInclusive = true, toInclusive = true } = bounds as { fromInclusive?: boolean; toInclusive?: boolean };
      const expected = ledgerOf('datafold').filter(({ time }) => {
        const late = toInclusive ? time > window.to : time >= window.to;
        return !late && (fromInclusive ? time >= window.from : time > window.from);
      });
      expect(got.text).toBe(
        `{"logs":[${expected
          .reverse()
          .map((event) => jsonOf(event.fields))
          .join(',')}]}`,
      );
    }
  });

  test('a dropped body gives everything, and naive timestamps have no zone', async () => {
    const server = await start('datafold', { ignoreBody: true, naive: true });
    const { logs } = JSON.parse((await ask(server, DATAFOLD, { headers: key, body })).text);
    expect(logs).toHaveLength(310);
    expect(logs[0].timestamp).toMatch(/^[\d-]+T[\d:.]+$/);
  });
});

describe('sandbox of Aitronos', () => {
  const count = async (server: SandboxServer, query: string) => {
    const got = await ask(server, `${AITRONOS}/export?${query}`, { headers: bearer });
    return got.status === 200 ? parse(got.text).length - 1 : got.status;
  };

  test('the export is capped in silence, its twin tells the total', async () => {
    const server = await start('aitronos', { cap: 50 });
    const csv = await ask(server, `${AITRONOS}/export?from_date=2026-03-01&to_date=2026-03-07`, { headers: bearer });
    expect(csv.headers['content-type']).toBe('text/csv');
    expect(csv.headers['content-disposition']).toMatch(/filename=audit-log-org_sandbox-/);
    const newest = inWindow(ledgerOf('aitronos'), window).reverse();
    const rows = parse(csv.text) as string[][];
    expect(rows.slice(1)).toEqual(newest.slice(0, 50).map((event) => Object.values(event.fields)));
    const page = await ask(server, `${AITRONOS}?from_date=2026-03-01&to_date=2026-03-07&skip=290&limit=100`, {
      headers: bearer,
    });
    expect(JSON.parse(page.text)).toEqual({
      items: newest.slice(290).map(aitronosItem),
      total: 300,
      skip: 290,
      limit: 100,
      has_more: false,
    });
    expect((await ask(server, `${AITRONOS}?limit=101`, { headers: bearer })).status).toBe(422);
    expect((await ask(await start('aitronos', { twin: false }), AITRONOS, { headers: bearer })).status).toBe(404);
  });

  test('dates are read in each of the ways that the document leaves open', async () => {
    const ledger = ledgerOf('aitronos');
    const held = (from: string, to: string) => inWindow(ledger, { from: Date.parse(from), to: Date.parse(to) }).length;
    const asked = 'from_date=2026-03-02T12:00:00Z&to_date=2026-03-03T12:00:00Z';
    const toInclusive = false;
    expect(await count(await start('aitronos', { toInclusive }), asked)).toBe(
      held('2026-03-02T12:00Z', '2026-03-03T12:00Z'),
    );
    expect(await count(await start('aitronos', { dates: 'day' }), asked)).toBe(held('2026-03-02', '2026-03-04'));
    expect(await count(await start('aitronos', { dates: 'day', toInclusive }), asked)).toBe(
      held('2026-03-02', '2026-03-03'),
    );
    expect(await count(await start('aitronos', { dates: 'reject-times' }), asked)).toBe(422);
    expect(
      await count(await start('aitronos', { zoneOffsetHours: 9 }), 'from_date=2026-03-02&to_date=2026-03-02'),
    ).toBe(held('2026-03-01T15:00Z', '2026-03-02T15:00Z'));
  });

  test('parts by entity type add up, an unknown type is refused, ak_ keys have their own header', async () => {
    const server = await start('aitronos');
    const types = [...new Set(ledgerOf('aitronos').map((event) => event.fields['Entity Type']))];
    let sum = 0;
    for (const type of types) sum += await count(server, `entity_type=${type}`);
    expect(sum).toBe(310);
    expect(await count(server, 'entity_type=robot')).toBe(422);
    const keyed = await start('aitronos', { token: 'ak_1' });
    expect((await ask(keyed, `${AITRONOS}/export`, { headers: { 'x-api-key': 'ak_1' } })).status).toBe(200);
    expect((await ask(keyed, `${AITRONOS}/export`, { headers: { authorization: 'Bearer ak_1' } })).status).toBe(401);
  });
});

describe('sandbox of Codacy', () => {
  const asked = `from=${window.from}&to=${window.to - 1}`;

  test('the shape with data pages by cursor, which belongs to its window', async () => {
    const server = await start('codacy');
    const data: unknown[] = [];
    let cursor = '';
    do {
      const got = await ask(server, `${CODACY}?${asked}&limit=130${cursor && `&cursor=${cursor}`}`, {
        headers: apiToken,
      });
      const page = JSON.parse(got.text);
      data.push(...page.data);
      cursor = page.pagination.cursor ?? '';
      if (cursor) expect((await ask(server, `${CODACY}?cursor=${cursor}`, { headers: apiToken })).status).toBe(400);
    } while (cursor);
    const expected = inWindow(ledgerOf('codacy'), window).reverse();
    expect(data).toEqual(expected.map((event) => JSON.parse(jsonOf(codacyWire(event, 'data', 'string')))));
  });

  test('the bare array is cut at its row cap in silence', async () => {
    const server = await start('codacy', { shape: 'array', rowCap: 100, order: 'oldest' });
    const got = await ask(server, `${CODACY}?${asked}`, { headers: apiToken });
    const expected = inWindow(ledgerOf('codacy'), window).slice(0, 100);
    expect(got.text).toBe(`[${expected.map((event) => jsonOf(event.fields)).join(',')}]`);
  });
});

describe('sandbox vendors, faults', () => {
  test('`intercept` answers one request with anything', async () => {
    const faults = [
      cutBody(10),
      cutBody(0),
      reset(),
      html200(),
      redirect('https://evil.example/'),
      cutGzip(),
      closeFramed(20),
    ];
    const server = await start('codacy', { intercept: (_request, index) => faults[index] });
    const get = () => ask(server, CODACY, { headers: apiToken });
    for (let i = 0; i < 3; i += 1) await expect(get()).rejects.toThrow();
    expect((await get()).headers['content-type']).toContain('text/html');
    expect((await get()).headers['location']).toBe('https://evil.example/');
    expect((await get()).headers['content-encoding']).toBe('gzip');
    expect((await get()).text).toHaveLength(20);
    expect((await get()).status).toBe(200);
  });

  test('`gzip` and `chunked` change how bodies are sent', async () => {
    const zipped = await start('codacy', { gzip: true });
    const got = await fetch(`${zipped.origin}${CODACY}`, { headers: apiToken });
    expect(got.headers.get('content-encoding')).toBe('gzip');
    expect(await got.json()).toMatchObject({ pagination: { total: 310 } });
    const chunked = await ask(await start('codacy', { chunked: true }), CODACY, { headers: apiToken });
    expect(chunked.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
  });
});

describe('sandbox vendors, an event that becomes visible', () => {
  const WEEK = `startDate=${FROM}&endDate=${TO}`;
  const [DAYS, SECONDS, MILLIS] = [
    'from_date=2026-03-01&to_date=2026-03-07',
    `from_timestamp=${window.from / 1000}&to_timestamp=${window.to / 1000 - 1}`,
    `from=${window.from}&to=${window.to - 1}`,
  ];
  const dates = JSON.stringify({ start_date: FROM, end_date: '2026-03-07T23:59:59.999999Z' });
  const cursorAt = (start: number) => Buffer.from(`${window.from}|${window.to - 1}|${start}`).toString('base64url');

  /** What shows the event where it is visible, and has to say nothing of it where it is not. */
  const cases: readonly [VendorId, options: object, sent: Sent, paths: readonly string[]][] = [
    ['kosli', {}, { headers: bearer }, [`${KOSLI}?${SECONDS}`, `${KOSLI.replace('prod-k8s', 'prod')}?${SECONDS}`]],
    ['kosli', { rowCap: 60 }, { headers: bearer }, [`${KOSLI}?${SECONDS}`]],
    [
      'infisical',
      {},
      { headers: bearer },
      [0, 100, 200].map((offset) => `${INFISICAL}?${WEEK}&limit=100&offset=${offset}`),
    ],
    ['infisical', { tieShuffle: 1 }, { headers: bearer }, [`${INFISICAL}?${WEEK}&limit=1000`]],
    ['datafold', {}, { headers: key, body: dates }, [DATAFOLD]],
    ['datafold', { rowCap: 250, ignoreBody: true }, { headers: key, body: dates }, [DATAFOLD]],
    [
      'aitronos',
      {},
      { headers: bearer },
      [`/export?${DAYS}`, `?${DAYS}&limit=1`, `?${DAYS}&skip=200&limit=99`].map((end) => `${AITRONOS}${end}`),
    ],
    ['aitronos', { cap: 250 }, { headers: bearer }, [`${AITRONOS}/export?${DAYS}`]],
    [
      'codacy',
      {},
      { headers: apiToken },
      ['limit=1', 'limit=299', `limit=100&cursor=${cursorAt(200)}`].map((rest) => `${CODACY}?${MILLIS}&${rest}`),
    ],
    ['codacy', { shape: 'array', rowCap: 250 }, { headers: apiToken }, [`${CODACY}?${MILLIS}`]],
  ];

  test.each(cases)('%s, %j: the event is unknown at first, and then as any other', async (id, options, sent, paths) => {
    const ledger = ledgerOf(id);
    const inside = inWindow(ledger, window).filter(
      ({ hidden }) => id !== 'kosli' || hidden['environment'] === 'prod-k8s',
    );
    const late = inside[inside.length - 20];
    let settled = false;
    const hiding = await start(id, { ...options, events: ledger, visible: (event) => settled || event !== late });
    const without = await start(id, { ...options, events: ledger.filter((event) => event !== late) });
    const whole = await start(id, { ...options, events: ledger });
    for (settled of [false, true]) {
      for (const path of paths) {
        const [got, before, after] = await Promise.all([hiding, without, whole].map((one) => ask(one, path, sent)));
        expect(got?.status).toBe(200);
        expect({ path, as: [got?.text === before?.text, got?.text === after?.text] }).toEqual({
          path,
          as: [!settled, settled],
        });
      }
    }
  });

  const onDay: readonly [VendorId, sent: Sent, path: string][] = [
    ['kosli', { headers: bearer }, `${KOSLI}?from_timestamp=1772496000&to_timestamp=1772582399.999999`],
    ['infisical', { headers: bearer }, `${INFISICAL}?startDate=2026-03-03T00:00:00Z&endDate=2026-03-04T00:00:00Z`],
    [
      'datafold',
      { headers: key, body: '{"start_date":"2026-03-03T00:00:00Z","end_date":"2026-03-03T23:59:59.999999Z"}' },
      DATAFOLD,
    ],
    ['aitronos', { headers: bearer }, `${AITRONOS}?from_date=2026-03-03&to_date=2026-03-03&entity_type=user`],
    ['codacy', { headers: apiToken }, `${CODACY}?from=1772496000000&to=1772582399999`],
  ];

  test.each(onDay)(
    '%s is asked, of 20,000, about those of the day and the filter, at each request',
    async (id, sent, path) => {
      const ledger = makeLedger({ vendor: id, seed: 7, events: 20_000, window });
      const about: LedgerEvent[] = [];
      const server = await start(id, { events: ledger, visible: (event) => about.push(event) > 0 });
      await ask(server, path, sent);
      const day = inWindow(ledger, { from: Date.parse('2026-03-03T00:00Z'), to: Date.parse('2026-03-04T00:00Z') });
      const wanted = day.filter(({ fields, hidden }) => {
        if (id === 'kosli') return hidden['environment'] === 'prod-k8s';
        return id !== 'aitronos' || fields['Entity Type'] === 'user';
      });
      expect(wanted.length).toBeGreaterThan(100);
      expect(about.findIndex((event, index) => event !== wanted[index])).toBe(-1);
      expect(about).toHaveLength(wanted.length);
      await ask(server, path, sent);
      expect(about).toHaveLength(2 * wanted.length);
    },
  );
});

test('sandbox vendors: a hundred thousand events are served in pages', async () => {
  const events = makeLedger({ vendor: 'infisical', seed: 1, events: 100_000, window, outside: 0 });
  const server = await start('infisical', { events, tieShuffle: 1 });
  const before = performance.now();
  for (let offset = 0; offset < 20_000; offset += 1000) {
    const path = `${INFISICAL}?startDate=${FROM}&endDate=${TO}&limit=1000&offset=${offset}`;
    expect((await ask(server, path, { headers: bearer })).status).toBe(200);
  }
  expect(performance.now() - before).toBeLessThan(20_000);
});
