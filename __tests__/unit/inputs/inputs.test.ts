import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ExportError } from '../../../src/base/errors.ts';
import { DEFAULTS } from '../../../src/inputs/defaults.ts';
import { type Inputs, readInputs } from '../../../src/inputs/inputs.ts';
import { fill, fillPath } from '../../../src/inputs/template.ts';
import { vendors } from '../../../src/vendors/index.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const TOKEN = 'never-shown-7f3a';

type AllInputs = Inputs['request'] & Inputs['access'] & Inputs['delivery'] & Inputs['run'];
type Given = Readonly<Record<string, string>>;

/** Returns the environment variables in which the runner gives the action such inputs. */
const environmentOf = (given: Given): Given =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]));

/** The inputs, all parts in one object. */
function read(given: Given = {}, env: Given = {}, now = NOW): AllInputs {
  const inputs = { vendor: 'infisical', token: TOKEN, ...given };
  const { request, access, delivery, run } = readInputs(
    { ...environmentOf(inputs), ...env },
    () => {},
    async () => 'jwt',
    now,
  );
  return { ...request, ...access, ...delivery, ...run };
}

function refusal(given: Given, env: Given = {}, now = NOW): ExportError {
  try {
    read(given, env, now);
  } catch (error) {
    if (error instanceof ExportError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('readInputs and action.yml', () => {
  const action = parse(readFileSync(new URL('../../../action.yml', import.meta.url), 'utf8')) as {
    inputs: Record<string, { default?: string }>;
  };

  test('the inputs of action.yml: are those of the code, with its defaults', () => {
    const declared = Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? '']);
    expect(Object.fromEntries(declared)).toEqual({ ...DEFAULTS, 'github-token': `\${{ github.token }}` });
  });

  test('inputs left out: have their defaults', () => {
    const inputs = read();
    expect(inputs).toMatchObject({
      credentials: { kind: 'token', token: TOKEN },
      org: '',
      origin: 'https://us.infisical.com',
      query: { org: null, provider: null },
      windowRequest: {
        initialFrom: NOW - 86_400_000 - 600_000,
        finalTo: NOW - 600_000,
        asked: { from: 'P1D', to: 'now' },
        clamped: true,
        settle: 'PT10M',
        timeZone: 'UTC',
        allowGap: false,
        continuation: null,
      },
      columns: 'native',
      csvSafety: 'off',
      destinations: ['artifact'],
      commit: null,
      github: { apiUrl: 'https://api.github.com', token: '' },
      serverUrl: 'https://github.com',
      path: null,
      artifact: { name: null, retentionDays: null, compressionLevel: 6 },
      ifEmpty: 'notice',
      concurrency: 4,
      maxAttempts: 6,
      timeoutMs: 150_000,
    });
    expect(inputs.vendor).toBe(vendors.get('infisical'));
    expect(inputs.query.filters.size).toBe(0);
  });

  test('empty or blank inputs: have their defaults', () => {
    const names = Object.keys(DEFAULTS).filter((name) => name !== 'vendor' && name !== 'token');
    for (const blank of ['', ' \t\r\n ']) {
      expect(read(Object.fromEntries(names.map((name) => [name, blank])))).toEqual({
        ...read(),
        credentials: expect.anything(),
      });
    }
  });

  test('an unknown input: throws, and names it', () => {
    expect(refusal({ fliters: 'actor: x' })).toMatchObject({
      kind: 'input',
      message: 'There is no input `fliters`; did you mean `filters`?',
      where: 'input `fliters`',
      next: `Inputs: ${Object.keys(DEFAULTS).join(', ')}.`,
    });
  });

  test.each([
    ['form', 'from'],
    ['client_id', 'client-id'],
    ['colums', 'columns'],
    ['base_url', 'base-url'],
    ['organization', null],
  ])('the unknown input %s: throws with the suggestion %s', (name, meant) => {
    const ending = meant === null ? '.' : `; did you mean \`${meant}\`?`;
    expect(refusal({ [name]: 'x' }).message).toBe(`There is no input \`${name}\`${ending}`);
  });

  test('an unknown input: its value is not quoted, since it may be a secret', () => {
    const { message, next, where } = refusal({ toekn: 'misplaced-secret' });
    expect(`${message} ${where} ${next}`).not.toContain('misplaced-secret');
  });

  test('variables that are no inputs: are ignored', () => {
    expect(read({}, { INPUTS: 'x', MY_INPUT_X: 'y', GITHUB_INPUT: 'z' })).toEqual({
      ...read(),
      credentials: expect.anything(),
    });
  });
});

describe('readInputs accepts', () => {
  test.each<[name: string, value: string, read: object]>([
    ['base-url', 'eu', { origin: 'https://eu.infisical.com' }],
    ['base-url', 'https://audit.example.com/', { origin: 'https://audit.example.com' }],
    ['from', '2026-11-20T00:00:00+02:00', { windowRequest: { initialFrom: Date.UTC(2026, 10, 19, 22) } }],
    ['from', '7d', { windowRequest: { initialFrom: NOW - 600_000 - 7 * 86_400_000, asked: { from: '7d' } } }],
    ['to', '2026-11-20', { windowRequest: { initialFrom: Date.UTC(2026, 10, 20), finalTo: Date.UTC(2026, 10, 21) } }],
    ['settle', 'PT0S', { windowRequest: { finalTo: NOW, settle: 'PT0S' } }],
    ['columns', 'common', { columns: 'common' }],
    ['columns', ' id , actor.type\nextra,', { columns: ['id', 'actor.type', 'extra'] }],
    ['columns', 'time, createdAt, raw', { columns: ['time', 'createdAt', 'raw'] }],
    ['destination', 'file', { destinations: ['file'] }],
    ['destination', 'file, artifact', { destinations: ['file', 'artifact'] }],
    ['destination', 'artifact\nfile\nartifact', { destinations: ['artifact', 'file'] }],
    ['path', 'audit-logs', { path: 'audit-logs' }],
    ['path', './a//b/', { path: 'a/b/' }],
    ['path', 'a\\b', { path: 'a/b' }],
    ['artifact-name', 'audit log (2026)', { artifact: { name: 'audit log (2026)' } }],
    ['retention-days', '1', { artifact: { retentionDays: 1 } }],
    ['retention-days', '400', { artifact: { retentionDays: 400 } }],
    ['compression-level', '0', { artifact: { compressionLevel: 0 } }],
    ['compression-level', '9', { artifact: { compressionLevel: 9 } }],
    ['csv-safety', 'off', { csvSafety: 'off' }],
    ['csv-safety', 'owasp', { csvSafety: 'owasp' }],
    ['if-empty', 'notice', { ifEmpty: 'notice' }],
    ['if-empty', 'warn', { ifEmpty: 'warn' }],
    ['if-empty', 'fail', { ifEmpty: 'fail' }],
    ['concurrency', '1', { concurrency: 1 }],
    ['concurrency', '16', { concurrency: 16 }],
    ['max-attempts', '1', { maxAttempts: 1 }],
    ['max-attempts', '20', { maxAttempts: 20 }],
    ['request-timeout', '1', { timeoutMs: 1000 }],
    ['request-timeout', '3600', { timeoutMs: 3_600_000 }],
  ])('%s: %j', (name, value, expected) => {
    expect(read({ [name]: value })).toMatchObject(expected);
  });

  test.each([...vendors.values()])('vendor: $id, at its first host', (vendor) => {
    const inputs = read({ vendor: vendor.id, org: 'acme' });
    expect(inputs.vendor).toBe(vendor);
    expect(inputs.origin).toBe(Object.values(vendor.hosts)[0]);
  });

  test('blanks and line breaks around a token, as from a file', () => {
    expect(read({ token: ` ${TOKEN}\r\n` }).credentials).toEqual({ kind: 'token', token: TOKEN });
  });

  test('days in the given time zone', () => {
    const { windowRequest } = read({ from: '2026-11-20', to: '2026-11-20', 'time-zone': 'America/New_York' });
    expect(windowRequest).toMatchObject({
      initialFrom: Date.UTC(2026, 10, 20, 5),
      finalTo: Date.UTC(2026, 10, 21, 5),
    });
    expect(windowRequest.timeZone).toBe('America/New_York');
  });

  test('a `to` later than `settle` allows, and clamps it', () => {
    const day = { from: '2026-11-21', to: '2026-11-21' };
    expect(read(day)).toMatchObject({ windowRequest: { clamped: true, finalTo: NOW - 600_000 } });
    expect(read({ from: '2026-11-20', to: '2026-11-20' }).windowRequest.clamped).toBe(false);
  });

  test('any column of a vendor whose header is unknown before its response', () => {
    expect(read({ vendor: 'kosli', org: 'acme', columns: 'whatever, raw' }).columns).toEqual(['whatever', 'raw']);
  });
});

describe('readInputs throws for', () => {
  const VENDORS = 'Vendors: kosli, infisical, datafold, aitronos, codacy.';
  const DESTINATIONS = 'Choices: artifact, commit, file.';

  test.each<[name: string, value: string, message: string, ...forms: string[]]>([
    ['vendor', '', 'No vendor is given.', VENDORS],
    ['vendor', 'kolsi', '`kolsi` is not a vendor; did you mean `kosli`?', VENDORS],
    ['vendor', 'Datafold', '`Datafold` is not a vendor; did you mean `datafold`?', VENDORS],
    ['vendor', 'splunk', '`splunk` is not a vendor.', VENDORS],
    ['vendor', 'constructor', '`constructor` is not a vendor.', VENDORS],
    ['base-url', 'ue', '`ue` is not an URL.', '`us`', '`eu`', '`https://audit.example.com`'],
    ['from', 'yesterday', '`yesterday` cannot be read.', '`2026-11-01T00:00:00Z`', '`2026-11`', '`P7D`', '`24h`'],
    ['to', 'P1D', '`P1D` cannot be read.', '`2026-11-01T00:00:00Z`', '`2026-11-01`', '`2026-11`', '`now`'],
    ['time-zone', 'Mars/Base', '`Mars/Base` is not a known time zone.', '`UTC`', '`Europe/Berlin`', '`+01:00`'],
    ['settle', 'soon', '`soon` cannot be read.', '`PT10M`', '`10m`'],
    ['destination', 'artefact', '`artefact` is not one of the choices; did you mean `artifact`?', DESTINATIONS],
    ['destination', 'file, commits', '`commits` is not one of the choices; did you mean `commit`?', DESTINATIONS],
    ['csv-safety', 'OWASP', '`OWASP` is not one of the choices; did you mean `owasp`?', 'Choices: off, owasp.'],
    ['csv-safety', 'false', '`false` is not one of the choices.', 'Choices: off, owasp.'],
    ['if-empty', 'failed', '`failed` is not one of the choices; did you mean `fail`?', 'Choices: notice, warn, fail.'],
    ['path', '../x', '`../x` does not lie under the workspace.', 'relative folder without `..`'],
    ['path', '/tmp/x', '`/tmp/x` does not lie under the workspace.', 'relative folder without `..`'],
    ['artifact-name', 'a:b', '`a:b` is not a name for an artifact.', '" : < > | * ? \\ /'],
  ])('%s: %j', (name, value, message, ...forms) => {
    const error = refusal({ [name]: value });
    expect(error).toMatchObject({ kind: 'input', message, where: `input \`${name}\`` });
    for (const form of forms) expect(error.next).toContain(form);
  });

  test.each<[name: string, values: string[], range: string]>([
    ['retention-days', ['0', '401', '-1', '1.5', '1e2', '0x10', 'ten', '9'.repeat(400)], 'from 1 to 400'],
    ['compression-level', ['-1', '10', 'best'], 'from 0 to 9'],
    ['concurrency', ['0', '17', '-4', '2.5', 'all'], 'from 1 to 16'],
    ['max-attempts', ['0', '21', 'unlimited'], 'from 1 to 20'],
    ['request-timeout', ['0', '3601', '150s', 'PT1M'], 'from 1 to 3600'],
  ])('%s: each of %j', (name, values, range) => {
    for (const value of values) {
      const error = refusal({ [name]: value });
      expect(error).toMatchObject({ kind: 'input', where: `input \`${name}\`` });
      expect(error.message).toContain(`\`${value}\``);
      expect(error.next).toContain(range);
    }
  });

  test('an empty list of destinations, which would deliver nothing', () => {
    expect(refusal({ destination: ' , ,' })).toMatchObject({
      kind: 'input',
      where: 'input `destination`',
      next: DESTINATIONS,
    });
  });

  test('`from` after `to`, and shows both resolved', () => {
    const error = refusal({ from: '2026-11-20', to: '2026-11-19' });
    expect(error).toMatchObject({ kind: 'input', where: 'inputs `from` and `to`' });
    expect(error.message).toContain('2026-11-20T00:00:00Z');
  });

  test.each<[columns: string, message: string]>([
    ['id, createdat', 'Infisical has no column createdat. Did you mean createdAt?'],
    ['actorid', 'Infisical has no column actorid. Did you mean actor_id?'],
    ['zzzzzzzzzz', 'Infisical has no column zzzzzzzzzz.'],
    ['id, time, id', '`columns` names id twice.'],
    [',', '`columns` names no column.'],
  ])('columns: %j', (columns, message) => {
    const error = refusal({ columns });
    expect(error).toMatchObject({ kind: 'input', message, where: expect.stringContaining('columns') });
  });

  test('an unknown column, and lists the native and common ones', () => {
    const { next } = refusal({ columns: 'x' });
    for (const name of ['createdAt', 'event.type', 'extra', 'time', 'actor_email', 'raw']) expect(next).toContain(name);
  });

  test('a wrong filter, and names its line', () => {
    expect(refusal({ filters: '\n\nprojectID: p' })).toMatchObject({
      kind: 'input',
      message: '`projectID` is not a filter of Infisical; did you mean `projectId`?',
      where: 'input `filters`, line 3',
    });
  });

  test('NODE_TLS_REJECT_UNAUTHORIZED=0', () => {
    expect(refusal({}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toMatchObject({
      kind: 'input',
      message: expect.stringContaining('`NODE_TLS_REJECT_UNAUTHORIZED` is `0`'),
      where: 'environment of the step',
      next: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    expect(read({}, { NODE_TLS_REJECT_UNAUTHORIZED: '1' }).maxAttempts).toBe(6);
  });

  test('any wrong input, without a part of the token', () => {
    for (const name of Object.keys(DEFAULTS).filter(
      (input) => !['token', 'github-token', 'org', 'identity-id'].includes(input),
    )) {
      const { message, where, next, stack } = refusal({ [name]: '/:' });
      expect(`${message}${where}${next}${stack}`).not.toContain(TOKEN);
    }
  });
});

describe('the input `org`', () => {
  const FORBIDDEN = ['.', '..', '...', 'a b', 'a/b', 'a\\b', 'é', 'acme?x=1', 'a#b', '%2e%2e', 'a\nb', 'x'.repeat(101)];

  describe.each(['kosli', 'aitronos'])('for %s', (vendor) => {
    test.each(['acme', 'Acme_2.prod-eu', '..a', 'x'.repeat(100)])('%s: is accepted as a path segment', (org) => {
      expect(read({ vendor, org })).toMatchObject({ org, query: { org, provider: null } });
    });

    test('is needed', () => {
      expect(refusal({ vendor })).toMatchObject({
        kind: 'input',
        message: `${vendors.get(vendor)?.name} needs an organisation.`,
        where: 'input `org`',
        next: `Write ${vendors.get(vendor)?.org.form}.`,
      });
    });

    test.each(FORBIDDEN)('refuses %j', (org) => {
      const error = refusal({ vendor, org });
      expect(error).toMatchObject({ kind: 'input', where: 'input `org`', next: expect.stringMatching(/^Write the /) });
      expect(error.message).toContain(`\`${org}\``);
    });
  });

  describe.each(['infisical', 'datafold'])('for %s', (vendor) => {
    test('any organisation: appears in names alone', () => {
      expect(read({ vendor, org: 'acme' })).toMatchObject({ org: 'acme', query: { org: null, provider: null } });
      expect(read({ vendor })).toMatchObject({ org: '', query: { org: null, provider: null } });
    });

    test.each([...FORBIDDEN, 'gh/acme'])('%j: throws, since it is part of file names', (org) => {
      expect(refusal({ vendor, org })).toMatchObject({
        kind: 'input',
        where: 'input `org`',
        next: expect.stringContaining('it only names the export'),
      });
    });
  });

  describe('for codacy', () => {
    test.each(['gh', 'ghe', 'gl', 'gle', 'bb', 'bbe'])('the provider %s before a slash: is accepted', (provider) => {
      const org = `${provider}/acme`;
      expect(read({ vendor: 'codacy', org })).toMatchObject({ org, query: { org: 'acme', provider } });
    });

    test('no provider: is that of GitHub', () => {
      expect(read({ vendor: 'codacy', org: 'acme' })).toMatchObject({
        org: 'acme',
        query: { org: 'acme', provider: 'gh' },
      });
    });

    test.each([
      ['github/acme', '`github`'],
      ['GH/acme', '`GH`'],
      ['/acme', '``'],
      ['../acme', '`..`'],
    ])('an unknown provider, %s: throws, and lists the known ones', (org, shown) => {
      expect(refusal({ vendor: 'codacy', org })).toMatchObject({
        kind: 'input',
        message: `${shown} is not a Git provider of Codacy.`,
        where: 'input `org`',
        next: 'Providers: gh, ghe, gl, gle, bb, bbe.',
      });
    });

    test.each(['gh/', 'gh/..', 'gh/.', '..', 'gh/acme/', 'gh//acme', 'gh/a/b', 'gl/a b'])('%s: throws', (org) => {
      expect(refusal({ vendor: 'codacy', org })).toMatchObject({
        kind: 'input',
        message: `\`${org}\` is not an organisation of Codacy.`,
        where: 'input `org`',
        next: 'Write `acme` or `gh/acme`.',
      });
    });

    test('is needed', () => {
      expect(refusal({ vendor: 'codacy' })).toMatchObject({ kind: 'input', where: 'input `org`' });
    });
  });
});

describe('readInputs with `destination: commit`', () => {
  const OWN = { GITHUB_REPOSITORY: 'acme/app' };
  const readCommit = (given: Given = {}, env: Given = OWN) => read({ destination: 'commit', ...given }, env).commit;
  const refusalOf = (given: Given, env: Given = OWN) => refusal({ destination: 'commit', ...given }, env);

  test('no further inputs: own repository, default branch, private repositories alone', () => {
    const commit = readCommit();
    expect(commit).toMatchObject({
      repository: { owner: 'acme', repo: 'app' },
      branch: null,
      orphan: false,
      maxFileBytes: 25_000_000,
      allowPublic: false,
    });
    const values = Object.fromEntries(['vendor', 'org', 'export', 'year', 'month', 'from', 'to'].map((n) => [n, n]));
    expect(fillPath(commit?.path ?? [], values)).toBe('audit-logs/vendor/org/year/month/export');
    expect(fill(commit?.message ?? [], { ...values, rows: '7' })).toBe('Audit log: vendor org from to to (7 events)');
  });

  test.each<[name: string, value: string, expected: object]>([
    ['repository', 'acme/audit', { repository: { owner: 'acme', repo: 'audit' } }],
    ['branch', 'audit-logs', { branch: 'audit-logs' }],
    ['orphan', 'true', { orphan: true }],
    ['commit-path', 'logs/{to}', { path: ['logs/', { placeholder: 'to' }] }],
    ['commit-message', 'chore: {rows}', { message: ['chore: ', { placeholder: 'rows' }] }],
    ['max-file-size', '1kB', { maxFileBytes: 1000 }],
    ['max-file-size', '100MiB', { maxFileBytes: 104_857_600 }],
    ['allow-public-repository', 'TRUE', { allowPublic: true }],
  ])('%s: %j', (name, value, expected) => {
    expect(readCommit({ [name]: value })).toMatchObject(expected);
  });

  test('other destinations beside it: are accepted', () => {
    expect(read({ destination: 'commit, artifact, file' }, OWN)).toMatchObject({
      destinations: ['commit', 'artifact', 'file'],
      commit: { branch: null },
    });
  });

  test.each<[name: string, values: string[], next: string]>([
    ['repository', ['acme', 'a/b/c', 'https://github.com/acme/app', 'acme/..', '/app'], 'Write `owner/name`'],
    ['branch', ['refs/heads/x', '-x', 'a b', 'a..b', 'HEAD', 'x.lock', 'a~1'], 'Write a name that Git takes'],
    ['orphan', ['yes', '1'], 'Write `true` or `false`.'],
    ['allow-public-repository', ['yes', 'public'], 'Write `true` or `false`.'],
    ['max-file-size', ['25', '999B', '101MiB', '1GB', 'big'], 'from 1000 to 104857600 bytes'],
    ['commit-path', ['{vendors}/{export}', 'logs/{export', 'logs/}', '{rows}'], 'Placeholders: {vendor}'],
    ['commit-message', ['{row}', '{'], '{rows}'],
  ])('`%s`, each of %j: throws', (name, values, next) => {
    for (const value of values) {
      const error = refusalOf({ [name]: value });
      expect(error).toMatchObject({ kind: 'input', where: `input \`${name}\`` });
      expect(error.message).toContain(`\`${value}\``);
      expect(error.next).toContain(next);
    }
  });

  test('a path too long for a regular expression: throws', () => {
    expect(refusalOf({ 'commit-path': '{export}/'.repeat(10_000) })).toMatchObject({
      kind: 'input',
      message: 'It is longer than 1000 characters.',
      where: 'input `commit-path`',
    });
    expect(readCommit({ 'commit-path': `{export}/${'x'.repeat(991)}` })).not.toBeNull();
  });

  test('no repository, and none from the workflow: throws', () => {
    expect(refusalOf({}, {})).toMatchObject({ kind: 'input', where: 'input `repository`' });
    expect(readCommit({ repository: 'acme/audit' }, {})).toMatchObject({ repository: { repo: 'audit' } });
  });

  test.each<[name: string, value: string]>([
    ['repository', 'acme/audit'],
    ['branch', 'x'],
    ['orphan', 'true'],
    ['commit-path', '{export}'],
    ['commit-message', 'x'],
    ['max-file-size', '1MB'],
    ['allow-public-repository', 'true'],
  ])('`%s` with another destination: throws instead of being ignored', (name, value) => {
    for (const destination of ['artifact', 'file', 'artifact, file']) {
      expect(refusal({ [name]: value, destination }, OWN)).toMatchObject({
        kind: 'input',
        message: `\`${name}\` means nothing without \`destination: commit\`.`,
        where: `input \`${name}\``,
        next: expect.stringContaining('add `commit` to `destination`'),
      });
    }
    expect(readCommit({ [name]: value })).not.toBeNull();
  });

  test('windows that stand alone: any path is accepted', () => {
    expect(readCommit({ 'commit-path': 'audit-logs/{vendor}' })).not.toBeNull();
  });
});

describe('readInputs with `from: last-export`', () => {
  const OWN = { GITHUB_REPOSITORY: 'acme/app' };
  const chained = (given: Given = {}) => ({ from: 'last-export', ...given });

  test('all inputs that it needs: are read', () => {
    expect(
      read(chained({ overlap: 'PT2H', 'max-window': 'P1D', 'allow-gap': 'true', 'initial-from': 'P2D' })),
    ).toMatchObject({
      windowRequest: {
        initialFrom: NOW - 600_000 - 2 * 86_400_000,
        finalTo: NOW - 600_000,
        asked: { from: 'last-export', to: 'now' },
        allowGap: true,
        continuation: { overlapMs: 7_200_000, maxWindow: 'P1D' },
      },
      destinations: ['artifact'],
    });
  });

  test.each<[name: string, value: string]>([
    ['initial-from', 'P7D'],
    ['overlap', 'PT0S'],
    ['max-window', 'P1D'],
  ])('`%s` with another `from`: throws instead of being ignored', (name, value) => {
    expect(refusal({ [name]: value, from: 'P1D' })).toMatchObject({
      kind: 'input',
      message: `\`${name}\` means nothing without \`from: last-export\`.`,
      where: `input \`${name}\``,
      next: expect.stringContaining('set `from: last-export`'),
    });
    expect(read(chained({ [name]: value })).windowRequest.continuation).not.toBeNull();
  });

  test('no destination that keeps the last export: throws', () => {
    expect(refusal(chained({ destination: 'file' }))).toMatchObject({
      kind: 'input',
      where: 'input `destination`',
      message: expect.stringContaining('`file` delivers it nowhere'),
      next: 'Add `artifact` or `commit`.',
    });
    for (const destination of ['artifact', 'commit', 'file, artifact', 'commit, file']) {
      expect(read(chained({ destination }), OWN).windowRequest.continuation).not.toBeNull();
    }
  });

  test.each(['audit-logs', 'logs/{vendor}/{org}', '{year}/{month}/{day}', 'logs/{from}'])(
    `the path %s, which does not hold the window's end: throws`,
    (path) => {
      expect(refusal(chained({ destination: 'commit', 'commit-path': path }), OWN)).toMatchObject({
        kind: 'input',
        message: expect.stringContaining(`\`${path}\``),
        where: 'input `commit-path`',
        next: 'With `from: last-export`, put {export} or {to} into it.',
      });
    },
  );

  test.each(['{export}', 'logs/{to}', '{from}/{to}/{vendor}'])(
    `the path %s, which holds the window's end: is accepted`,
    (path) => {
      expect(read(chained({ destination: 'commit', 'commit-path': path }), OWN).commit).not.toBeNull();
    },
  );

  test('columns that do not identify an event: throws, unless `overlap` is zero', () => {
    const columns = 'createdAt, event.type';
    expect(refusal(chained({ columns }))).toMatchObject({
      kind: 'input',
      message: expect.stringContaining('late events of Infisical are found by'),
      where: 'input `columns`',
      next: expect.stringContaining('`overlap: PT0S`'),
    });
    for (const more of [{ columns: 'createdAt, id' }, { columns: 'raw' }, { columns, overlap: 'PT0S' }]) {
      expect(read(chained(more)).windowRequest.continuation).not.toBeNull();
    }
  });
});

describe(`readInputs and the vendor's retention`, () => {
  test('a window past retention: is accepted here, since its start is known only later', () => {
    const inputs = read({ vendor: 'codacy', org: 'acme', from: '2001-01' });
    expect(inputs.windowRequest.initialFrom).toBe(Date.UTC(2001, 0));
  });
});

describe('readInputs: the run', () => {
  const GITHUB = {
    GITHUB_WORKSPACE: '/home/runner/work/app/app',
    RUNNER_TEMP: '/home/runner/work/_temp',
    GITHUB_REPOSITORY: 'acme/app',
    GITHUB_WORKFLOW: 'Audit',
    GITHUB_RUN_ID: '77',
    GITHUB_RUN_ATTEMPT: '2',
    GITHUB_SHA: 'a'.repeat(40),
    GITHUB_ACTOR: 'octocat',
    GITHUB_EVENT_NAME: 'schedule',
    GITHUB_SERVER_URL: 'https://github.acme.test',
  };

  test(`the runner's variables: say which run this is`, () => {
    expect(read({}, GITHUB)).toMatchObject({
      workspace: '/home/runner/work/app/app',
      temp: '/home/runner/work/_temp',
      workflowRun: {
        repository: 'acme/app',
        workflow: 'Audit',
        run_id: '77',
        run_attempt: '2',
        sha: 'a'.repeat(40),
        actor: 'octocat',
        event: 'schedule',
      },
      serverUrl: 'https://github.acme.test',
      runUrl: 'https://github.acme.test/acme/app/actions/runs/77',
    });
  });

  test(`no runner's variables: every field of the run is empty`, () => {
    const { workflowRun, workspace, temp, runUrl } = read();
    expect(new Set(Object.values(workflowRun))).toEqual(new Set(['']));
    expect({ workspace, temp }).toEqual({ workspace: process.cwd(), temp: '' });
    expect(runUrl).toMatch(/^https:\/\/github\.com\//);
  });

  test('GITHUB_API_URL and `github-token`: give access to GitHub', () => {
    const env = { GITHUB_API_URL: 'https://github.acme.test/api/v3/' };
    expect(read({ 'github-token': ' ghs_x\n' }, env).github).toEqual({
      apiUrl: 'https://github.acme.test/api/v3',
      token: 'ghs_x',
    });
    expect(refusal({}, { GITHUB_API_URL: 'http://api.github.com' })).toMatchObject({
      kind: 'input',
      where: 'GITHUB_API_URL',
    });
  });

  test('proxies in upper or lower case: are read', () => {
    const { proxyEnv } = read({}, { HTTPS_PROXY: 'http://a:1', http_proxy: 'http://b:2', no_proxy: 'c' });
    expect(proxyEnv).toMatchObject({ HTTPS_PROXY: 'http://a:1', http_proxy: 'http://b:2', no_proxy: 'c' });
    expect(Object.values(proxyEnv).filter((value) => value !== undefined)).toHaveLength(3);
  });
});
