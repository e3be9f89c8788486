import { describe, expect, test } from '@jest/globals';
import type { VendorId } from '../../sandbox/ledger.ts';
import { reply } from '../../sandbox/server.ts';
import { expectRed, inputsOf, lastWeek, run, TOKEN, uploads, vendor } from './scenario.ts';

/** One request at a time, so that they can be counted. */
const window = { ...inputsOf(lastWeek()), concurrency: '1' };

/** The first thing each vendor is asked, and how it words a refusal. */
const VENDORS: Readonly<Record<VendorId, { path: string; said: (message: string) => unknown }>> = {
  kosli: { path: '/api/v2/environments/acme', said: (message) => ({ message }) },
  infisical: {
    path: '/api/v1/organization/audit-logs',
    said: (message) => ({ reqId: 'r', statusCode: 403, message, error: 'PermissionDenied' }),
  },
  datafold: { path: '/api/v1/audit_logs', said: (detail) => ({ detail }) },
  aitronos: {
    path: '/v1/organizations/org_sandbox/audit-log/export',
    said: (message) => ({ success: false, error: { code: 'X', message } }),
  },
  codacy: {
    path: '/api/v3/organizations/gh/acme/audit',
    said: (message) => ({ message, innerMessage: message, actions: [], error: 'X' }),
  },
};

describe.each(Object.keys(VENDORS) as VendorId[])('%s refuses', (id) => {
  const { path, said } = VENDORS[id];

  test('a wrong token: ends red without another try', async () => {
    const server = await vendor(id);
    const results = await uploads();
    const token = `not/the"right+${TOKEN}`;
    const ran = await run({ vendor: id, server, results, secrets: [token], with: { ...window, token } });
    expectRed(ran, {
      what: 'refused the credentials: "',
      where: new RegExp(`GET ${path} → ${id === 'infisical' ? 403 : 401}$`),
      next: 'may read the audit log (role, plan)',
    });
    expect(server.requests).toHaveLength(1);
    expect(results.server.requests).toEqual([]);
  });

  test('a 403 whose message is a command with the token in it: ends red, and quotes it harmlessly', async () => {
    const message = `::error::one\n##[error]two\r::add-mask::three ${TOKEN} <script>\u001b[31m \u202Efour`;
    const server = await vendor(id, {
      intercept: () => reply(403, { 'content-type': 'application/json' }, JSON.stringify(said(message))),
    });
    const results = await uploads();
    const ran = await run({ vendor: id, server, results, with: window });
    expectRed(ran, {
      what: /refused the credentials: ".*error.*one.*two.*three \*\*\* <script>/,
      where: `GET ${path} → 403`,
      next: 'may read the audit log (role, plan)',
    });
    expect(ran.summary).not.toContain('<script>');
    expect(results.server.requests).toEqual([]);
  });

  test('a 404: ends red, and names the address', async () => {
    const server = await vendor(id, {
      intercept: () => reply(404, { 'content-type': 'text/plain' }, 'no such thing'),
    });
    const results = await uploads();
    const ran = await run({ vendor: id, server, results, with: window });
    expectRed(ran, {
      what: 'knows no such address',
      where: `GET ${path} → 404`,
      next: 'Check the organisation and the host or region',
    });
    expect(server.requests).toHaveLength(1);
    expect(results.server.requests).toEqual([]);
  });
});

test('an unknown organisation: ends red, and names it', async () => {
  const server = await vendor('aitronos');
  const ran = await run({ vendor: 'aitronos', server, results: await uploads(), with: { org: 'org_other' } });
  expectRed(ran, {
    what: 'Aitronos knows no such address: "Organization not found"',
    where: 'GET /v1/organizations/org_other/audit-log/export → 404',
    next: 'Check the organisation',
  });
});
