import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { inWindow, type LedgerEvent, makeLedger } from '../../sandbox/ledger.ts';
import type { SandboxRequest } from '../../sandbox/server.ts';
import { expectGreen, fileOf, run, vendor, WEEK } from './scenario.ts';

const FILE = { destination: 'file' };
const ledger = (id: 'kosli' | 'infisical' | 'aitronos') =>
  makeLedger({ vendor: id, seed: 8, events: 3000, window: WEEK });

/** A request's parameters that are not the window and the paging. */
function filtersOf({ query }: SandboxRequest): Record<string, string> {
  const own = [
    'startDate',
    'endDate',
    'offset',
    'limit',
    'skip',
    'from_date',
    'to_date',
    'from_timestamp',
    'to_timestamp',
  ];
  return Object.fromEntries(query.filter(([name]) => !own.includes(name)));
}

const rowsOf = (csv: string) => parse(csv, { columns: true, record_delimiter: '\r\n' }) as Record<string, string>[];

describe('kosli', () => {
  test('all filters go out together, and only their events come back', async () => {
    const events = ledger('kosli');
    const server = await vendor('kosli', { events });
    const filters = [
      'env_name: prod-ecs, old-server',
      'event_types: started,exited',
      'flow_names: no provenance, web',
      'repo_names: acme/web, acme/tools',
    ];
    const ran = await run({ vendor: 'kosli', server, with: { ...FILE, filters: filters.join('\n') } });
    expectGreen(ran);
    expect([...new Set(server.requests.map(({ path }) => path))]).toEqual([
      '/api/v2/environments/acme/prod-ecs/auditlog',
      '/api/v2/environments/acme/old-server/auditlog',
    ]);
    for (const request of server.requests) {
      expect(filtersOf(request)).toEqual({
        event_types: 'started,exited',
        flow_names: 'no provenance,web',
        repo_names: 'acme/web,acme/tools',
      });
    }
    const wanted = inWindow(events, WEEK).filter(
      ({ fields, hidden }) =>
        ['prod-ecs', 'old-server'].includes(hidden['environment'] ?? '') &&
        ['started', 'exited'].includes(String(fields['type'])) &&
        (hidden['flows'] === '' || hidden['flows']?.split(',').includes('web')) &&
        ['acme/web', 'acme/tools'].includes(hidden['repo'] ?? ''),
    );
    expect(wanted.length).toBeGreaterThan(20);
    const rows = rowsOf(await fileOf(ran, 'csv-path'));
    expect(rows.map((row) => row['snapshot_index']).sort()).toEqual(
      wanted.map(({ fields }) => String(fields['snapshot_index'])).sort(),
    );
  });

  test('one environment that is named needs no column that says so, and no list', async () => {
    const server = await vendor('kosli');
    const ran = await run({ vendor: 'kosli', server, with: { ...FILE, filters: 'env_name: prod' } });
    expectGreen(ran);
    expect(server.requests.map(({ path }) => path)).toEqual(['/api/v2/environments/acme/prod/auditlog']);
    expect((await fileOf(ran, 'csv-path')).split(',')[0]).toBe('type');
  });
});

describe('infisical', () => {
  const typeOf = ({ fields }: LedgerEvent, part: 'event' | 'actor') => (fields[part] as { type: string }).type;
  const metadataOf = ({ fields }: LedgerEvent, part: 'event' | 'actor') =>
    ((fields[part] as { metadata?: unknown }).metadata ?? {}) as Record<string, unknown>;

  test('all filters go out together, and only their events come back', async () => {
    const events = ledger('infisical');
    const server = await vendor('infisical', { events });
    const filters = {
      projectId: 'project-a',
      environment: 'prod',
      actorType: 'user',
      secretPath: '/app',
      secretKey: 'DB_URL',
      eventType: 'get-secrets, get-secret,create-secret',
      userAgentType: 'web',
      eventMetadata: 'environment=prod, secretKey=DB_URL',
      actor: 'user-1',
    };
    const lines = Object.entries(filters).map(([name, value]) => `${name}: ${value}`);
    const ran = await run({ vendor: 'infisical', server, with: { ...FILE, filters: lines.join('\n') } });
    expectGreen(ran);
    expect(server.requests).toHaveLength(7);
    for (const request of server.requests) {
      expect(filtersOf(request)).toEqual({
        ...filters,
        eventType: 'get-secrets,get-secret,create-secret',
        eventMetadata: 'environment=prod,secretKey=DB_URL',
      });
    }
    const wanted = inWindow(events, WEEK).filter((event) => {
      const about = metadataOf(event, 'event');
      return (
        event.fields['projectId'] === 'project-a' &&
        event.fields['userAgentType'] === 'web' &&
        metadataOf(event, 'actor')['userId'] === 'user-1' &&
        ['get-secrets', 'get-secret', 'create-secret'].includes(typeOf(event, 'event')) &&
        about['environment'] === 'prod' &&
        about['secretPath'] === '/app' &&
        about['secretKey'] === 'DB_URL'
      );
    });
    expect(wanted.length).toBeGreaterThan(0);
    const rows = rowsOf(await fileOf(ran, 'csv-path'));
    expect(rows.map((row) => row['id']).sort()).toEqual(wanted.map(({ fields }) => String(fields['id'])).sort());
  });
});

describe('aitronos', () => {
  test('all filters go out together, to the export and to the query that counts', async () => {
    const events = ledger('aitronos');
    const server = await vendor('aitronos', { events });
    const filters = {
      entity_type: 'user',
      action_type: 'created',
      actor_id: 'usr_1',
      target_id: 'usr_9',
      department_id: 'dep_1',
      search_term: 'ada@example.com, or = & ünïcödé',
    };
    const lines = Object.entries({ ...filters, search_term: 'ada@' }).map(([name, value]) => `${name}: ${value}`);
    const ran = await run({ vendor: 'aitronos', server, with: { ...FILE, filters: lines.join('\r\n') } });
    expectGreen(ran);
    const paths = server.requests.map(({ path }) => path);
    expect(paths).toEqual([
      '/v1/organizations/org_sandbox/audit-log/export',
      '/v1/organizations/org_sandbox/audit-log',
    ]);
    for (const request of server.requests) expect(filtersOf(request)).toEqual({ ...filters, search_term: 'ada@' });
    const wanted = inWindow(events, WEEK).filter(
      ({ fields, hidden }) =>
        fields['Entity Type'] === 'user' &&
        fields['Action'] === 'created' &&
        hidden['actor_id'] === 'usr_1' &&
        hidden['target_id'] === 'usr_9' &&
        hidden['department_id'] === 'dep_1',
    );
    expect(wanted.length).toBeGreaterThan(0);
    const rows = rowsOf(await fileOf(ran, 'csv-path'));
    expect(rows.map((row) => row['Timestamp'])).toEqual(wanted.map(({ fields }) => fields['Timestamp']));
  });

  test('a value with commas, colons and characters of an address arrives as it was written', async () => {
    const server = await vendor('aitronos');
    const ran = await run({
      vendor: 'aitronos',
      server,
      with: { ...FILE, filters: '# who\n\n  search_term :  a, b: c & d=e + ünïcödé/#%41 ' },
    });
    expectGreen(ran);
    expect(server.requests.map(filtersOf)).toEqual(
      server.requests.map(() => ({ search_term: 'a, b: c & d=e + ünïcödé/#%41' })),
    );
  });
});
