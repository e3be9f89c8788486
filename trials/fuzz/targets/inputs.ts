/** The inputs of a workflow, any text in any of them. */

import fc from 'fast-check';
import { nextExport } from '../../../src/delivery/next-export.ts';
import { DEFAULTS } from '../../../src/inputs/defaults.ts';
import { readInputs } from '../../../src/inputs/inputs.ts';
import { fillPath } from '../../../src/inputs/template.ts';
import { inputVariables } from '../../in-process.ts';
import { edited, editsOf, textOf } from '../mutations.ts';
import { attempt, insist, target } from '../target.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const SECRET = 'S3cr3t-8f1c2d';
const CREDENTIALS = ['token', 'client-id', 'client-secret', 'identity-id', 'github-token'];
const VENDORS = ['kosli', 'infisical', 'datafold', 'aitronos', 'codacy'];

type Name = keyof typeof DEFAULTS;
const NAMES = Object.keys(DEFAULTS) as Name[];

/** Values that are taken, to start from. */
const USUAL: Partial<Record<Name, readonly string[]>> = {
  vendor: VENDORS,
  org: ['acme', 'gh/acme', 'bb/a.b-c'],
  'base-url': [
    'eu',
    'us',
    'https://audit.example.com',
    'http://127.0.0.1:8080',
    'https://u:p@host/?x#y',
    'blob:https://a/',
  ],
  from: [
    'last-export',
    'P1D',
    'P7D',
    '2026-11',
    '2026-11-01',
    '2026-11-01T00:00:00Z',
    '24h',
    '2w',
    '2026-03-29T01:59:60+01:00',
  ],
  to: ['now', '2026-11-20', '2026-11', '2026-11-20T08:00:00.123+05:45', '9999-12-31'],
  'initial-from': ['P30D', '2026-01', 'P1Y2M3W4DT5H6M7S'],
  overlap: ['PT1H', 'P9999999D', 'PT0S', '99999999999999d', '90s'],
  'max-window': ['P1D', 'PT6H', 'P1M', '1w', 'P270000Y', 'PT59S'],
  'allow-gap': ['true', 'FALSE'],
  'time-zone': ['UTC', 'Europe/Berlin', 'Pacific/Apia', '+05:45', '-23:59', 'America/St_Johns', 'Etc/GMT+12', '+24:00'],
  settle: ['PT10M', '0s', 'PT0S', 'P60000D', '1d'],
  filters: [
    'env_name: prod',
    'flow_names: a, b\nevent_types: started',
    '# none',
    'actor: x\r\nprojectId: y\nenvironment: z',
  ],
  columns: ['native', 'common', 'time, action, raw', 'id,extra', 'actor.email, timestamp'],
  destination: ['artifact', 'commit', 'file', 'artifact, commit\nfile'],
  path: ['audit', 'a/b/../c', './x', '/etc', 'C:\\x', 'a\\b'],
  'artifact-name': ['audit', 'a:b'],
  'retention-days': ['1', '400', '0', '007'],
  'compression-level': ['0', '9', '10'],
  repository: ['acme/logs', 'https://github.com/acme/logs.git'],
  branch: ['audit-logs', 'refs/heads/x', 'a/b.lock', 'ä'],
  orphan: ['true', 'false'],
  'commit-path': ['audit/{vendor}/{export}', '{org}{org}/{to}-{from}', '{year}/{month}/{day}/{to}', '{', '{}'],
  'commit-message': ['{vendor} {rows}', '{rows}{rows}', 'x'],
  'max-file-size': ['25MB', '1 GiB', '1000B', '0.1kB', '99999999999MB'],
  'allow-public-repository': ['true', 'false'],
  'if-empty': ['notice', 'warn', 'fail'],
  'max-attempts': ['1', '20', '21', '1e1'],
  'request-timeout': ['1', '3600', '0x10'],
};

const PIECES = [
  ...[
    '-',
    ':',
    '/',
    '\\',
    '.',
    ',',
    ' ',
    '\n',
    '\t',
    '0',
    '9',
    'a',
    'A',
    'P',
    'T',
    'M',
    'Z',
    '+',
    '{',
    '}',
    '{org}',
    '@',
  ],
  ...[
    '%',
    '#',
    '=',
    '_',
    '~',
    '*',
    '?',
    '[',
    '(',
    '$',
    '^',
    '|',
    '"',
    "'",
    '`',
    '\0',
    '\u200b',
    'é',
    'İ',
    '\ud800',
    '😀',
  ],
  ...[
    'a.',
    '/x',
    'a-',
    'a_',
    '-a',
    '.lock',
    '..',
    '@{',
    'x=y,',
    '::error::',
    '##[x]',
    '__proto__',
    'constructor',
    'last-export',
  ],
];

const textFor = (name: Name): fc.Arbitrary<string> => {
  const usual = fc.constantFrom(...(USUAL[name] ?? [DEFAULTS[name], 'x']));
  const damaged = fc
    .tuple(usual, editsOf(PIECES, 2))
    .map(([text, edits]) => edited(Buffer.from(text), edits).toString());
  return fc.oneof(
    { weight: 4, arbitrary: usual },
    { weight: 2, arbitrary: damaged },
    { weight: 1, arbitrary: textOf(PIECES) },
  );
};

const some = fc
  .uniqueArray(fc.constantFrom(...NAMES.filter((name) => !CREDENTIALS.includes(name))), { maxLength: 4 })
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, textFor(name)]))));

/** Credentials, whole or damaged; the secret is in each, so that any message that shows one is found. */
const credentials = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ token: SECRET }) },
  {
    weight: 1,
    arbitrary: fc
      .uniqueArray(fc.constantFrom(...CREDENTIALS), { minLength: 1 })
      .chain((names) =>
        fc.record(
          Object.fromEntries(
            names.map((name) => [name, fc.constantFrom(SECRET, `${SECRET} `, `a ${SECRET}`, `${SECRET}\n${SECRET}é`)]),
          ),
        ),
      ),
  },
);

const environment = fc.record(
  {
    'INPUT_NO-SUCH': textOf(PIECES),
    NODE_TLS_REJECT_UNAUTHORIZED: fc.constantFrom('0', '1'),
    GITHUB_API_URL: fc.oneof(fc.constantFrom('https://ghe.example.com/api/v3', 'x'), textOf(PIECES)),
    GITHUB_REPOSITORY: fc.oneof(fc.constant('acme/audit'), textOf(PIECES)),
    GITHUB_SERVER_URL: textOf(PIECES),
  },
  { requiredKeys: [] },
);

const givens = fc.record({
  usual: fc.record({ vendor: fc.constantFrom(...VENDORS), org: fc.constantFrom('acme', 'gh/acme') }),
  given: some,
  credentials,
  env: fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: environment }),
});

const WHERES = [...NAMES.map((name) => `input \`${name}\``), 'inputs `', 'GITHUB_', 'environment of the step'];

export const inputs = target({
  name: 'inputs',
  holds: 'readInputs takes any texts, or names the input that it refuses, and shows no secret',
  runs: 2_000,
  sample: 300,
  inputs: givens,
  check({ usual, given, credentials: secrets, env }) {
    const all = { GITHUB_REPOSITORY: 'acme/audit', ...inputVariables({ ...usual, ...secrets, ...given }), ...env };
    const read = attempt(['input'], () =>
      readInputs(
        all,
        () => {},
        async () => 'jwt',
        NOW,
      ),
    );
    if (!('value' in read)) {
      const { message, where = '', next, cause } = read;
      const named = WHERES.some((start) => where.startsWith(start)) || 'INPUT_NO-SUCH' in env;
      insist(named, 'the error does not say which input', message, where);
      const shown = [message, where, next, String(cause)].some((text) => text.includes(SECRET));
      insist(!shown, 'the error shows a secret', message, where);
      return 'refused';
    }
    const { request, delivery } = read.value;
    const { vendor, org, windowRequest } = request;
    const { commit } = delivery;
    const { initialFrom, finalTo, continuation } = windowRequest;
    const window = { from: initialFrom, to: finalTo };
    insist(window.from >= 0 && window.from < window.to && window.to <= NOW, 'a window that is none', window);
    insist(continuation === null || continuation.overlapMs >= 0, 'an overlap that is none', continuation);
    const job = attempt(['incomplete'], () => nextExport(request, null, NOW));
    if (!('value' in job) || job.value === null) return 'taken';
    const { from, to } = job.value.window;
    insist(window.from <= from && from < to && to <= window.to, 'a job outside its period', window, job.value.window);
    const { name } = job.value;
    insist(/^[\w.-]+$/.test(name), 'a name that no file may have', name);
    if (commit !== null) {
      const values = { vendor: vendor.id, org, export: name, year: '2026', month: '11', day: '1', from: '1', to: '2' };
      fillPath(commit.path, values);
    }
    return 'taken';
  },
});
