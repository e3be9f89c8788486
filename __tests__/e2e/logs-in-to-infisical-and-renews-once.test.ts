import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { SandboxServer } from '../../sandbox/server.ts';
import { tableOf } from './ledger-table.ts';
import {
  expectGreen,
  expectRed,
  fileOf,
  type Ran,
  run,
  smallLedger,
  TOKEN,
  uploads,
  vendor,
  WEEK,
} from './scenario.ts';

const CLIENT = { clientId: 'machine-2b1c5f0e', clientSecret: 'st.s3cr3t/+of?the=machine~>' };
const IDENTITY = { identityId: 'identity-7a44', jwt: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvIn0.c2lnbmF0dXJl' };
const SECRETS = [CLIENT.clientId, CLIENT.clientSecret, IDENTITY.jwt];

const CLIENT_INPUTS = { token: '', 'client-id': CLIENT.clientId, 'client-secret': CLIENT.clientSecret };
const IDENTITY_INPUTS = { token: '', 'identity-id': IDENTITY.identityId };
const FILE = { destination: 'file' };
/** For tests of what is asked after what. */
const IN_TURN = { concurrency: '1' };

const LOGS = 'GET /api/v1/organization/audit-logs';
const asked = ({ requests }: SandboxServer) => requests.map(({ method, path }) => `${method} ${path}`);
const bearers = ({ requests }: SandboxServer) => requests.map(({ headers }) => headers.authorization ?? null);

/** The sandbox numbers the access tokens that it gives; each of them is masked. */
function expectMasked(ran: Ran, count: number): void {
  for (let number = 1; number <= count; number++) {
    const accessToken = `${TOKEN}.${number}`;
    expect(ran.masks).toContain(accessToken);
    expect(ran.masks).toContain(Buffer.from(accessToken).toString('base64'));
    expect(ran.masks).toContain(encodeURIComponent(accessToken));
    expect(ran.masks).toContain(`Bearer ${accessToken}`);
  }
}

async function expectWhole(ran: Ran): Promise<void> {
  expectGreen(ran);
  const table = parse(await fileOf(ran, 'csv-path'), { record_delimiter: '\r\n' });
  expect(table).toEqual(tableOf('infisical', smallLedger('infisical'), WEEK));
}

describe('with client id and secret', () => {
  const LOGIN = 'POST /api/v1/auth/universal-auth/login';
  const scenario = { vendor: 'infisical', secrets: SECRETS } as const;

  test('one log-in serves the whole export', async () => {
    const server = await vendor('infisical', { client: CLIENT });
    const ran = await run({ ...scenario, server, with: { ...CLIENT_INPUTS, ...FILE } });
    await expectWhole(ran);
    expect(asked(server)).toEqual([LOGIN, ...Array(8).fill(LOGS)]);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual(CLIENT);
    expect(bearers(server)).toEqual([null, ...Array(8).fill(`Bearer ${TOKEN}.1`)]);
    expectMasked(ran, 1);
  });

  test('a token that expires on the way is renewed', async () => {
    const server = await vendor('infisical', { client: CLIENT, tokenRequests: 4 });
    const ran = await run({ ...scenario, server, with: { ...CLIENT_INPUTS, ...FILE, ...IN_TURN } });
    await expectWhole(ran);
    expect(asked(server)).toEqual([LOGIN, ...Array(5).fill(LOGS), LOGIN, ...Array(4).fill(LOGS)]);
    expect(server.requests[7]?.query).toEqual(server.requests[5]?.query);
    expectMasked(ran, 2);
  });

  test('a token that several requests find expired is renewed once', async () => {
    const server = await vendor('infisical', { client: CLIENT, tokenRequests: 4 });
    const ran = await run({ ...scenario, server, with: { ...CLIENT_INPUTS, ...FILE, concurrency: '4' } });
    await expectWhole(ran);
    expect(asked(server).filter((each) => each === LOGIN)).toHaveLength(2);
    expect(asked(server).length).toBeGreaterThan(2 + 8);
    expectMasked(ran, 2);
  });

  test('a token that is refused as soon as it is renewed is the end', async () => {
    const server = await vendor('infisical', { client: CLIENT, tokenRequests: 0 });
    const results = await uploads();
    const ran = await run({ ...scenario, server, results, with: { ...CLIENT_INPUTS, ...IN_TURN } });
    expectRed(ran, {
      what: 'Infisical refused the credentials: "Your token has expired. Please re-authenticate."',
      where: `${LOGS} → 403`,
      next: 'Check that the token',
    });
    expect(asked(server)).toEqual([LOGIN, LOGS, LOGIN, LOGS]);
    expect(results.server.requests).toEqual([]);
  });

  test('a wrong secret is refused before any event is asked for', async () => {
    const server = await vendor('infisical', { client: { ...CLIENT, clientSecret: 'another' } });
    const results = await uploads();
    const ran = await run({ ...scenario, server, results, with: CLIENT_INPUTS });
    expectRed(ran, {
      what: 'Infisical refused the credentials: "Invalid credentials"',
      where: `${LOGIN} → 401`,
      next: 'Check that',
    });
    expect(asked(server)).toEqual([LOGIN]);
    expect(results.server.requests).toEqual([]);
  });
});

test('a token that was given is not renewed: there is nothing to renew it with', async () => {
  const server = await vendor('infisical', { client: CLIENT, tokenRequests: 2 });
  const ran = await run({ vendor: 'infisical', server, results: await uploads(), with: IN_TURN });
  expectRed(ran, { what: 'Your token has expired', where: `${LOGS} → 403`, next: 'Check that the token' });
  expect(asked(server)).toEqual([LOGS, LOGS, LOGS]);
});

describe("with the workflow's own OIDC token", () => {
  const LOGIN = 'POST /api/v1/auth/oidc-auth/login';
  const scenario = { vendor: 'infisical', secrets: SECRETS } as const;

  test('no secret is stored anywhere', async () => {
    const server = await vendor('infisical', { identity: IDENTITY });
    const ran = await run({ ...scenario, server, idToken: IDENTITY.jwt, with: { ...IDENTITY_INPUTS, ...FILE } });
    await expectWhole(ran);
    expect(asked(server)).toEqual([LOGIN, ...Array(8).fill(LOGS)]);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual(IDENTITY);
    expect(ran.audiences).toEqual([null]);
    expect(ran.masks).toContain(IDENTITY.jwt);
    expectMasked(ran, 1);
  });

  test('a renewal mints a token of its own', async () => {
    const server = await vendor('infisical', { identity: IDENTITY, tokenRequests: 4 });
    const ran = await run({ ...scenario, server, idToken: IDENTITY.jwt, with: { ...IDENTITY_INPUTS, ...FILE } });
    await expectWhole(ran);
    expect(ran.audiences).toEqual([null, null]);
    expectMasked(ran, 2);
  });

  test('without `id-token: write` the permission is named', async () => {
    const server = await vendor('infisical', { identity: IDENTITY });
    const results = await uploads();
    const ran = await run({ ...scenario, server, results, with: IDENTITY_INPUTS });
    expectRed(ran, { what: /OIDC|id token|ID token/i, where: /./, next: 'id-token: write' });
    expect(asked(server)).toEqual([]);
    expect(results.server.requests).toEqual([]);
  });
});
