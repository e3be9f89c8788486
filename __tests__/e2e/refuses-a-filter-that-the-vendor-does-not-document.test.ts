import { expect, test } from '@jest/globals';
import type { VendorId } from '../../sandbox/ledger.ts';
import { expectRed, type Red, run, uploads, vendor } from './scenario.ts';

const INFISICAL =
  'Filters of Infisical: projectId, environment, actorType, secretPath, secretKey, eventType, userAgentType, eventMetadata, actor.';

test.each<[VendorId, filters: string, Red]>([
  [
    'kosli',
    'event_types: started\nenv_names: prod',
    {
      what: '`env_names` is not a filter of Kosli; did you mean `env_name`?',
      where: 'input `filters`, line 2',
      next: 'Filters of Kosli: env_name, event_types, flow_names, repo_names.',
    },
  ],
  [
    'kosli',
    '\n# two of three\nevent_types: started, stoped',
    {
      what: '`stoped` is not a value of `event_types`',
      where: 'input `filters`, line 3',
      next: 'Allowed: started, exited, changed.',
    },
  ],
  [
    'infisical',
    'startDate: 2020-01-01T00:00:00Z',
    { what: '`startDate` is not a filter of Infisical', where: 'input `filters`, line 1', next: INFISICAL },
  ],
  [
    'infisical',
    'eventType: get-secrets\nsecretPath: /app',
    {
      what: '`secretPath` needs `projectId`, without which Infisical ignores it',
      where: 'input `filters`, line 2',
      next: 'Add a line `projectId: …`.',
    },
  ],
  [
    'infisical',
    'actorType: users',
    {
      what: '`users` is not a value of `actorType`; did you mean `user`?',
      where: 'input `filters`, line 1',
      next: 'Allowed: platform, kmipClient, user, service, identity,',
    },
  ],
  [
    'infisical',
    'userAgentType: browser',
    {
      what: '`browser` is not a value of `userAgentType`',
      where: 'input `filters`, line 1',
      next: 'Allowed: web, cli, k8-operator, terraform, other,',
    },
  ],
  [
    'infisical',
    'eventMetadata: prod',
    {
      what: '`prod` is not a value of `eventMetadata`',
      where: 'input `filters`, line 1',
      next: '`key=value,key2=value2`',
    },
  ],
  [
    'aitronos',
    'entity_type: users',
    {
      what: '`users` is not a value of `entity_type`; did you mean `user`?',
      where: 'input `filters`, line 1',
      next: 'Allowed: user, department, role,',
    },
  ],
  [
    'aitronos',
    'limit: 5',
    {
      what: '`limit` is not a filter of Aitronos',
      where: 'input `filters`, line 1',
      next: 'Filters of Aitronos: entity_type, action_type, actor_id, target_id, department_id, search_term.',
    },
  ],
  [
    'datafold',
    'user_email: ada@example.com',
    {
      what: '`user_email` is not a filter of Datafold',
      where: 'input `filters`, line 1',
      next: 'Datafold documents no filters: leave `filters` out.',
    },
  ],
  [
    'codacy',
    'cursor: x',
    {
      what: '`cursor` is not a filter of Codacy',
      where: 'input `filters`, line 1',
      next: 'Codacy documents no filters: leave `filters` out.',
    },
  ],
  [
    'kosli',
    'repo_names: a\nrepo_names: b',
    { what: '`repo_names` stands here a second time', where: 'input `filters`, line 2', next: 'with commas' },
  ],
  [
    'kosli',
    'prod',
    { what: '`prod` is not `name: value`', where: 'input `filters`, line 1', next: 'Filters of Kosli: env_name,' },
  ],
  [
    'kosli',
    'x##[error]x\u001b[31m: y',
    { what: 'is not a filter of Kosli', where: 'input `filters`, line 1', next: 'Filters of Kosli: env_name,' },
  ],
])('%s: %j', async (id, filters, red) => {
  const server = await vendor(id);
  const results = await uploads();
  // A week of the past year is beyond what Codacy keeps, sooner or later.
  const ran = await run({ vendor: id, server, results, with: { filters, from: 'P1D', to: 'now' } });
  expectRed(ran, red);
  expect(server.requests).toEqual([]);
  expect(results.server.requests).toEqual([]);
});
