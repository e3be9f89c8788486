import { describe, expect, test } from '@jest/globals';
import { inWindow, type LedgerEvent, type VendorId } from '../../../sandbox/ledger.ts';
import { KOSLI_ENVIRONMENTS } from '../../../sandbox/vendors/kosli.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { failureOf } from '../../contract/run.ts';
import { asked, exportFrom, ledgerOf, rowsOf, serve, WEEK } from '../../contract/sandbox.ts';

interface Case {
  readonly filters: string;
  /** What the vendor has to be asked, by parameter. */
  readonly sent: Readonly<Record<string, string>>;
  readonly keeps: (event: LedgerEvent) => boolean;
}

const within = (value: unknown, ...names: string[]): unknown =>
  names.reduce((at, name) => (at as Record<string, unknown> | null | undefined)?.[name], value);
const one = (name: string, value: string, keeps: Case['keeps']): [string, Case] => [
  name,
  { filters: `${name}: ${value}`, sent: { [name]: value }, keeps },
];
const inProject = (name: string, value: string): [string, Case] => [
  name,
  {
    filters: `projectId: project-a\n${name}: ${value}`,
    sent: { projectId: 'project-a', [name]: value },
    keeps: ({ fields }) => fields['projectId'] === 'project-a' && within(fields, 'event', 'metadata', name) === value,
  },
];

const listed = new Set(
  KOSLI_ENVIRONMENTS.filter((env) => !env.archived && env.type !== 'logical').map((env) => env.name),
);
const isListed = ({ hidden }: LedgerEvent) => listed.has(hidden['environment'] ?? '');
const flowsOf = ({ hidden }: LedgerEvent) => hidden['flows']?.split(',').filter(Boolean) ?? [];

/** Every filter that a document names, but those that are the window, the page or in the path. */
const DOCUMENTED: Readonly<Record<VendorId, readonly [name: string, Case][]>> = {
  kosli: [
    one(
      'event_types',
      'started,exited',
      (event) => isListed(event) && /^(started|exited)$/.test(String(event.fields['type'])),
    ),
    one(
      'flow_names',
      'web,no provenance',
      (event) => isListed(event) && (flowsOf(event).includes('web') || flowsOf(event).length === 0),
    ),
    one(
      'repo_names',
      'acme/server,acme/web',
      (event) => isListed(event) && /^acme\/(server|web)$/.test(event.hidden['repo'] ?? ''),
    ),
  ],
  infisical: [
    one('projectId', 'project-b', ({ fields }) => fields['projectId'] === 'project-b'),
    inProject('environment', 'prod'),
    inProject('secretPath', '/app'),
    inProject('secretKey', 'DB_URL'),
    one('actorType', 'identity', ({ fields }) => within(fields, 'actor', 'type') === 'identity'),
    one('eventType', 'get-secret,create-secret', ({ fields }) =>
      /^(get|create)-secret$/.test(String(within(fields, 'event', 'type'))),
    ),
    one('userAgentType', 'k8-operator', ({ fields }) => fields['userAgentType'] === 'k8-operator'),
    one(
      'eventMetadata',
      'environment=dev,secretPath=/app',
      ({ fields }) =>
        within(fields, 'event', 'metadata', 'environment') === 'dev' &&
        within(fields, 'event', 'metadata', 'secretPath') === '/app',
    ),
    one('actor', 'user-2', ({ fields }) => within(fields, 'actor', 'metadata', 'userId') === 'user-2'),
  ],
  datafold: [],
  aitronos: [
    one('entity_type', 'vector_store', ({ fields }) => fields['Entity Type'] === 'vector_store'),
    one('action_type', 'membership_added', ({ fields }) => fields['Action'] === 'membership_added'),
    one('actor_id', 'usr_2', ({ hidden }) => hidden['actor_id'] === 'usr_2'),
    one('target_id', 'role_4', ({ hidden }) => hidden['target_id'] === 'role_4'),
    one('department_id', 'dep_1', ({ hidden }) => hidden['department_id'] === 'dep_1'),
    one('search_term', 'LOVELACE', ({ fields }) => fields['Actor Name'] === 'Ada Lovelace'),
  ],
  codacy: [],
};

const ledgers = new Map<string, readonly LedgerEvent[]>();
function ledger(id: VendorId): readonly LedgerEvent[] {
  const events = ledgers.get(id) ?? ledgerOf(id, 600);
  ledgers.set(id, events);
  return events;
}

const IDS = Object.keys(DOCUMENTED) as VendorId[];
const CASES = IDS.flatMap((id) => DOCUMENTED[id].map(([name, of]): [VendorId, string, Case] => [id, name, of]));

test('filters: every filter of the registry is tried here, and every one here is in the registry', () => {
  for (const [id, { filters }] of vendors) {
    const names = filters.map(({ name }) => name).filter((name) => name !== 'env_name');
    expect(new Set(names)).toEqual(new Set(DOCUMENTED[id as VendorId].map(([name]) => name)));
  }
});

test.each(CASES)(
  '%s, filter %s: goes to the vendor as it is, and narrows the rows',
  async (id, _, { filters, sent, keeps }) => {
    const events = ledger(id);
    const server = await serve(id, events);
    const done = await exportFrom(id, server, WEEK, { filters });
    const rows = rowsOf(done).slice(1);
    const kept = inWindow(events, WEEK).filter(keeps);
    expect(rows).toHaveLength(kept.length);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(inWindow(events, WEEK).length);

    const time = { kosli: 'reported_at', infisical: 'createdAt', datafold: '', aitronos: 'Timestamp', codacy: '' }[id];
    const column = rowsOf(done)[0]?.indexOf(time) ?? -1;
    expect(rows.map((row) => row[column]).sort()).toEqual(kept.map(({ fields }) => String(fields[time])).sort());

    const logs = server.requests.filter(({ path }) => !/environments\/[^/]+$/.test(path));
    expect(logs.length).toBeGreaterThan(0);
    for (const [name, value] of Object.entries(sent)) {
      expect(new Set(asked(logs, name))).toEqual(new Set([value]));
    }
  },
);

test.each(IDS)('%s, no filters: none is sent', async (id) => {
  const server = await serve(id, ledger(id));
  await exportFrom(id, server);
  const names = new Set(server.requests.flatMap(({ query }) => query.map(([name]) => name)));
  for (const [name] of DOCUMENTED[id]) expect(names.has(name)).toBe(false);
});

test('Kosli, filter env_name: leads to other addresses, and narrows the rows', async () => {
  const events = ledger('kosli');
  const server = await serve('kosli', events);
  const done = await exportFrom('kosli', server, WEEK, { filters: 'env_name: prod-ecs, staging.eu-1' });
  expect([...new Set(server.requests.map(({ path }) => path))]).toEqual([
    '/api/v2/environments/acme/prod-ecs/auditlog',
    '/api/v2/environments/acme/staging.eu-1/auditlog',
  ]);
  const kept = inWindow(events, WEEK).filter(({ hidden }) =>
    /^(prod-ecs|staging\.eu-1)$/.test(hidden['environment'] ?? ''),
  );
  expect(rowsOf(done)).toHaveLength(kept.length + 1);
});

test('filters, a value of any characters: goes out whole', async () => {
  const server = await serve('aitronos', ledger('aitronos'));
  await exportFrom('aitronos', server, WEEK, { filters: 'search_term: a&b=c #d: %20+é' });
  expect(new Set(asked(server.requests, 'search_term'))).toEqual(new Set(['a&b=c #d: %20+é']));
});

describe('filters, refused before the first request', () => {
  const REFUSED: readonly [VendorId, filters: string, message: string][] = [
    ...IDS.map((id): [VendorId, string, string] => [id, 'bogus: 1', '`bogus` is not a filter of']),
    // Parameters that the exporter sets itself.
    ['kosli', 'from_timestamp: 1', '`from_timestamp` is not a filter'],
    ['infisical', 'startDate: 2026-01-01T00:00:00Z', '`startDate` is not a filter'],
    ['infisical', 'limit: 20', '`limit` is not a filter'],
    ['datafold', 'start_date: 2026-01-01', '`start_date` is not a filter'],
    ['aitronos', 'from_date: 2026-01-01', '`from_date` is not a filter'],
    ['codacy', 'cursor: x', '`cursor` is not a filter'],
    // Values that a closed list does not have.
    ['kosli', 'event_types: started,began', '`began` is not a value of `event_types`'],
    ['infisical', 'actorType: robot', '`robot` is not a value of `actorType`'],
    ['infisical', 'userAgentType: curl', '`curl` is not a value of `userAgentType`'],
    ['infisical', 'eventMetadata: environment', '`environment` is not a value of `eventMetadata`'],
    ['aitronos', 'entity_type: robot', '`robot` is not a value of `entity_type`'],
    // What the vendor ignores in silence.
    ['infisical', 'environment: prod', '`environment` needs `projectId`'],
    ['infisical', 'secretPath: /app', '`secretPath` needs `projectId`'],
    ['infisical', 'secretKey: DB_URL', '`secretKey` needs `projectId`'],
  ];

  test.each(REFUSED)('%s: %s', async (id, filters, message) => {
    const server = await serve(id, []);
    const error = failureOf(await exportFrom(id, server, WEEK, { filters }));
    expect(error).toMatchObject({ kind: 'input', message: expect.stringContaining(message) });
    expect(server.requests).toEqual([]);
  });
});
