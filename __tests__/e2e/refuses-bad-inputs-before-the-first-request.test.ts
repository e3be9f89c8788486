import { expect, test } from '@jest/globals';
import { expectRed, type Red, run, uploads, vendor } from './scenario.ts';

type Case = [what: string, inputs: Readonly<Record<string, string>>, red: Red];

const VENDORS = 'Vendors: kosli, infisical, datafold, aitronos, codacy.';
const BASE_URL = 'an origin such as `https://audit.example.com`; left out, it is https://us.infisical.com.';

const CASES: Case[] = [
  [
    'a mistyped vendor',
    { vendor: 'Infiscal' },
    { what: '`Infiscal` is not a vendor; did you mean `infisical`?', where: 'input `vendor`', next: VENDORS },
  ],
  [
    'a vendor of which none is near',
    { vendor: 'x' },
    { what: '`x` is not a vendor.', where: '`vendor`', next: VENDORS },
  ],
  ['no vendor', { vendor: '' }, { what: 'No vendor is given.', where: 'input `vendor`', next: VENDORS }],
  [
    'an input that there is not',
    { form: '2026-10-01' },
    { what: 'There is no input `form`; did you mean `from`?', where: 'input `form`', next: 'Inputs: vendor, token,' },
  ],
  [
    'no token',
    { token: '' },
    { what: 'No credentials are given', where: 'input `token`', next: 'Give one of `token`' },
  ],
  [
    'a token with a line break in it',
    { token: 'first-half\nsecond-half' },
    {
      what: 'blanks, line breaks or characters outside ASCII',
      where: 'input `token`',
      next: 'Copy it into the secret',
    },
  ],
  [
    'two kinds of credentials',
    { 'client-id': 'machine-one', 'client-secret': 'machine-secret' },
    { what: 'More than one kind of credentials is given.', where: 'input `token`', next: 'Give one of `token`' },
  ],
  [
    'half of a log-in',
    { token: '', 'client-id': 'machine-one' },
    { what: '`client-id` and `client-secret` go together.', where: 'input `client-secret`', next: 'Give one of' },
  ],
  [
    'a log-in that the vendor does not have',
    { vendor: 'kosli', org: 'acme', 'identity-id': 'identity-one' },
    { what: 'Kosli has no such log-in.', where: 'input `identity-id`', next: 'Give `token`, from a secret' },
  ],
  [
    'no organisation where one is needed',
    { vendor: 'kosli', org: '' },
    { what: 'Kosli needs an organisation.', where: 'input `org`', next: 'Write the name in the address' },
  ],
  [
    'an organisation that is a path',
    { vendor: 'kosli', org: 'acme/../other' },
    { what: '`acme/../other` is not an organisation of Kosli.', where: 'input `org`', next: 'Write the name' },
  ],
  [
    'a Git provider that there is not',
    { vendor: 'codacy', org: 'github/acme', from: 'P1D', to: 'now' },
    {
      what: '`github` is not a Git provider of Codacy.',
      where: '`org`',
      next: 'Providers: gh, ghe, gl, gle, bb, bbe.',
    },
  ],
  [
    'from after to',
    { from: '2026-10-12', to: '2026-10-05T00:00:00Z' },
    {
      what: 'The window is empty: `from` (`2026-10-12`) is 2026-10-12T00:00:00Z, and `to` (`2026-10-05T00:00:00Z`) is',
      where: 'inputs `from` and `to`',
      next: 'Give a `from` that is before `to`.',
    },
  ],
  [
    'a window that begins in the future',
    { from: '2999-01-01', to: '2999-02-01' },
    { what: 'The window is empty', where: 'inputs `from` and `to`', next: 'Run later, or give an earlier `from`.' },
  ],
  ['words for a time', { from: 'yesterday' }, { what: '`yesterday` cannot be read.', where: '`from`', next: '`P7D`' }],
  [
    'a local time',
    { to: '2026-10-12T00:00:00' },
    { what: 'cannot be read', where: 'input `to`', next: 'with seconds' },
  ],
  [
    'a day that does not exist',
    { from: '2026-02-30' },
    { what: '`2026-02-30` is not a day that exists.', where: 'input `from`', next: 'Give a date-time' },
  ],
  [
    'a time zone that there is not',
    { 'time-zone': 'Mars/Olympus' },
    { what: '`Mars/Olympus` is not a known time zone.', where: 'input `time-zone`', next: '`Europe/Berlin`' },
  ],
  ['a vague settle', { settle: 'soon' }, { what: '`soon` cannot be read.', where: 'input `settle`', next: '`PT10M`' }],
  [
    'more than the vendor keeps',
    { vendor: 'codacy', org: 'acme', from: '2020-01-01', to: '2020-02-01' },
    {
      what: 'Codacy keeps events for 365 days, so what happened from 2020-01-01T00:00:00Z to 2020-02-02T00:00:00Z cannot',
      where: 'window 2020-01-01T00:00:00Z to 2020-02-02T00:00:00Z',
      next: 'Give a later window.',
    },
  ],
  [
    'a window that begins before what the vendor keeps',
    { vendor: 'codacy', org: 'acme', from: '2020-01-01', to: 'now' },
    {
      what: 'Codacy keeps events for 365 days',
      where: 'window 2020-01-01T00:00:00Z to ',
      next: /^Next: Set `from` to 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ or later, or `allow-gap: true`/,
    },
  ],
  [
    'plain http to another machine',
    { 'base-url': 'http://audit.example.com' },
    { what: '`http://audit.example.com` is not https', where: 'input `base-url`', next: BASE_URL },
  ],
  [
    'a user and a password in the address',
    { 'base-url': 'https://ada:hunter2hunter2@audit.example.com' },
    { what: '`(not shown)` has a user name or a password in it.', where: 'input `base-url`', next: BASE_URL },
  ],
  [
    'a query in the address',
    { 'base-url': 'https://audit.example.com/?a=b' },
    { what: 'has a query or a fragment.', where: 'input `base-url`', next: BASE_URL },
  ],
  [
    'a path in the address',
    { 'base-url': 'https://audit.example.com/api' },
    { what: 'has a path', where: 'input `base-url`', next: BASE_URL },
  ],
  [
    'a region that the vendor does not have',
    { 'base-url': 'asia' },
    { what: '`asia` is not an URL.', where: 'input `base-url`', next: 'Write `us`, `eu`, or an origin' },
  ],
  [
    'a destination that is none',
    { destination: 'artifact, comit' },
    {
      what: '`comit` is not one of the choices; did you mean `commit`?',
      where: 'input `destination`',
      next: 'Choices: artifact, commit, file.',
    },
  ],
  [
    'an input of commits without a commit',
    { branch: 'audit-logs' },
    { what: '`branch` means nothing without `destination: commit`', where: 'input `branch`', next: 'add `commit`' },
  ],
  [
    'an input of schedules with a fixed window',
    { 'max-window': 'P1D' },
    { what: '`max-window` means nothing without', where: 'input `max-window`', next: '`from: last-export`' },
  ],
  [
    'a list of destinations with none in it',
    { destination: ',' },
    { what: '`,` names nothing.', where: 'input `destination`', next: 'artifact, commit, file' },
  ],
  [
    'an artifact name with a slash',
    { 'artifact-name': 'audit/log' },
    { what: '`audit/log` is not a name for an artifact.', where: 'input `artifact-name`', next: 'Leave out " : <' },
  ],
  [
    'an artifact name with a line break',
    { 'artifact-name': 'audit\n::error::log' },
    { what: 'is not a name for an artifact.', where: 'input `artifact-name`', next: 'Leave out " : <' },
  ],
  [
    'a column that there is not',
    { columns: 'createdAt, actorEmail' },
    { what: 'Infisical has no column actorEmail.', where: 'input `columns`', next: 'Choose from: id, ipAddress,' },
  ],
  [
    'a column twice',
    { columns: 'id, createdAt, id' },
    { what: '`columns` names id twice.', where: 'input `columns`', next: 'Name it once.' },
  ],
  [
    'a mistyped choice',
    { 'if-empty': 'warning' },
    { what: '`warning` is not one of the choices', where: 'input `if-empty`', next: 'Choices: notice, warn, fail.' },
  ],
  [
    'no tries at all',
    { 'max-attempts': '0' },
    {
      what: '`0` is not a whole number from ',
      where: 'input `max-attempts`',
      next: 'Write a number from 1 to 20.',
    },
  ],
  [
    'a time-out with a unit',
    { 'request-timeout': '150s' },
    { what: '`150s` is not a whole number from ', where: '`request-timeout`', next: 'Write a number from 1 to 3600.' },
  ],
  [
    'more compression than there is',
    { 'compression-level': '10' },
    {
      what: '`10` is not a whole number from ',
      where: 'input `compression-level`',
      next: 'Write a number from 0 to 9.',
    },
  ],
  [
    'no days to keep',
    { 'retention-days': '0' },
    { what: '`0` is not a whole number from ', where: 'input `retention-days`', next: 'Write a number from 1 to 400.' },
  ],
];

test.each(CASES)('input error, %s: ends red before the first request', async (_, inputs, red) => {
  const server = await vendor('infisical');
  const results = await uploads();
  const ran = await run({
    vendor: 'infisical',
    server,
    results,
    secrets: ['hunter2hunter2', 'first-half', 'second-half', 'machine-one', 'machine-secret'],
    with: inputs,
  });
  expectRed(ran, red);
  expect(server.requests).toEqual([]);
  expect(results.server.requests).toEqual([]);
});

test('NODE_TLS_REJECT_UNAUTHORIZED=0: ends red before the first request', async () => {
  const server = await vendor('infisical');
  const ran = await run({ vendor: 'infisical', server, env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  expectRed(ran, {
    what: '`NODE_TLS_REJECT_UNAUTHORIZED` is `0`',
    where: 'environment of the step',
    next: 'name your own certificate authority in `NODE_EXTRA_CA_CERTS`',
  });
  expect(server.requests).toEqual([]);
});

test('a proxy that is no URL: ends red without showing its password', async () => {
  const server = await vendor('infisical');
  const ran = await run({
    vendor: 'infisical',
    server,
    secrets: ['hunter2hunter2'],
    env: { HTTP_PROXY: 'socks5://ada:hunter2hunter2@127.0.0.1:1' },
  });
  expectRed(ran, { what: 'is not a usable http(s):// URL', where: 'HTTP_PROXY', next: 'http://host:port' });
  expect(server.requests).toEqual([]);
});
