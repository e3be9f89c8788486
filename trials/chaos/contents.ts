/** Worlds of contents: what an event says, and how it is written down. */

import { parse } from 'csv-parse/sync';
import type { Entry } from '../../sandbox/event-store.ts';
import { HOSTILE, type LedgerEvent, type VendorId } from '../../sandbox/ledger.ts';
import type { SandboxRequest } from '../../sandbox/server.ts';
import { JSON_VENDORS, pick, type Random, type Scenario, type WorldKind, whole, withBody } from './kind.ts';

type Fields = Readonly<Record<string, unknown>>;

const forJson = ({ vendor }: Scenario): boolean => JSON_VENDORS.includes(vendor);
const forCsv = (scenario: Scenario): boolean => !forJson(scenario);
const always = (): boolean => true;

/** A field of free text, which every shape of the vendor's answers has. */
const TEXT: Readonly<Record<VendorId, string>> = {
  kosli: 'description',
  infisical: 'userAgent',
  datafold: 'log_entry',
  aitronos: 'New Value',
  codacy: 'repositoryName',
};

/** Fields that may be missing, null, or of any type. */
const OPTIONAL: Readonly<Record<VendorId, readonly string[]>> = {
  kosli: [],
  infisical: ['ipAddress', 'userAgent', 'userAgentType', 'expiresAt', 'orgId', 'projectId', 'projectName'],
  datafold: ['action', 'is_support_user', 'log_entry', 'object_id', 'payload', 'status', 'user_email'],
  aitronos: [],
  codacy: ['source', 'repositoryName', 'description', 'entityId'],
};

/** Fields without which an event is none, and the time is among them. */
const REQUIRED: Readonly<Record<VendorId, readonly string[]>> = {
  kosli: [],
  infisical: ['id', 'createdAt', 'updatedAt', 'event', 'actor'],
  datafold: ['event_uuid', 'timestamp', 'client_ip', 'url'],
  aitronos: [],
  codacy: ['timestamp', 'action', 'result', 'actor'],
};

const TIME: Readonly<Record<VendorId, string>> = {
  kosli: 'reported_at',
  infisical: 'createdAt',
  datafold: 'timestamp',
  aitronos: 'Timestamp',
  codacy: 'timestamp',
};

/** The ledger, the fields of some of its events changed: every one from the middle on, or a few from anywhere. */
function changed(
  { events }: Scenario,
  random: Random,
  change: (fields: Fields, event: LedgerEvent) => Fields,
): { events: readonly LedgerEvent[] } {
  const share = pick(random, [0.05, 0.3, 1]);
  const start = share < 1 ? 0 : Math.floor(events.length / 2);
  return {
    events: events.map((event, index) =>
      index >= start && random() < share ? { ...event, fields: change(event.fields, event) } : event,
    ),
  };
}

const texts = (values: readonly string[]) => (scenario: Scenario, random: Random) =>
  changed(scenario, random, (fields) => ({ ...fields, [TEXT[scenario.vendor]]: pick(random, values) }));

/** Puts something into a field that holds an object of any shape, or beside the documented ones. */
function withObject({ vendor }: Scenario, fields: Fields, value: unknown): Fields {
  if (vendor === 'datafold') return { ...fields, payload: value };
  if (vendor === 'codacy') return { ...fields, details: value };
  return { ...fields, event: { ...(fields['event'] as Fields), metadata: value } };
}

/** TypeScript's es2024 library does not know `JSON.rawJSON` yet. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
const NUMBERS = ['1e400', '-0', '1.10', '9007199254740993', '-12345678901234567890123', '0.1e-7', '1E5'].map(rawJSON);

const nested = (levels: number): unknown => {
  let value: unknown = 'inside';
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { deeper: value };
  return value;
};

/** Names that objects of JavaScript have of their own. */
const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
const inherited = Object.fromEntries(INHERITED.map((name) => [name, { [name]: 'mine' }]));

/** The text of some entries, changed: in answers from a request on. */
const texting =
  ({ request }: Scenario, at: number, change: (text: string) => string) =>
  (entries: readonly Entry[]) =>
    request() < at
      ? entries
      : entries.map(({ event, micros, text }, index) => ({
          event,
          micros,
          text: index === entries.length >> 1 ? change(text) : text,
        }));

/** Rewrites JSON with white space between its tokens, and letters of its strings escaped. */
const dressed = (json: string, random: Random): string =>
  json.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) =>
    token.length > 1 || token === '"'
      ? token.replace(/\\u[\da-f]{4}|\\.|[A-Za-z]/g, (letter) =>
          letter.length > 1 || random() < 0.9 ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
        )
      : pick(random, [token, ` ${token}`, `${token}\n`, `${token}\t `]),
  );

/** Rewrites CSV with every cell in quotes, and without an end behind the last line. */
const quoted = (csv: string): string =>
  (parse(csv) as string[][])
    .map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
    .join('\n');

const renamedHeader =
  (from: string, to: string) =>
  (body: string): string =>
    body.replace(new RegExp(`(^|,)${from}(?=[,\\r\\n])`), `$1${to}`);

/** Whether a request of Kosli's log is for a part of the window alone. */
const isPart = ({ window }: Scenario, { query }: SandboxRequest): boolean =>
  query.some(
    ([name, value]) =>
      (name === 'from_timestamp' && Number(value) * 1000 > window.from) ||
      (name === 'to_timestamp' && Number(value) * 1000 < window.to),
  );

/** Writes an instant in the ways that vendors may. */
function timesOf(time: number): string[] {
  const at = new Date(Math.floor(time)).toISOString();
  const micros = String(Math.round((time % 1) * 1000)).padStart(3, '0');
  const east = new Date(Math.floor(time) + 5.5 * 3_600_000).toISOString().slice(0, -1);
  return [
    at.replace('Z', `${micros}Z`),
    at.replace('Z', `${micros}000+00:00`),
    at.replace('T', ' ').replace('Z', micros),
    `${east}${micros}+05:30`,
    `${east}${micros}+0530`,
  ];
}

export const CONTENTS: readonly WorldKind[] = [
  {
    name: 'fields of megabytes',
    group: 'contents',
    ends: [],
    fits: ({ events }) => events.length < 200,
    make(scenario, random) {
      const one = whole(random, 0, scenario.events.length - 1);
      const long = 'long, "quoted"\n'.repeat(whole(random, 2 ** 16, 5 * 2 ** 16));
      return {
        events: scenario.events.map((event, index) =>
          index === one ? { ...event, fields: { ...event.fields, [TEXT[scenario.vendor]]: long } } : event,
        ),
      };
    },
  },
  {
    name: 'hostile texts everywhere',
    group: 'contents',
    ends: [],
    fits: always,
    make: texts(HOSTILE),
  },
  {
    name: 'byte order marks inside texts',
    group: 'contents',
    ends: [],
    fits: always,
    make: texts(['\ufeff', '\ufeff, and text', 'text\ufeff', '\ufeff"']),
  },
  {
    name: 'NUL and other control characters',
    group: 'contents',
    ends: [],
    fits: forJson,
    make: texts(['\0', 'a\0b', '\u0001\u001b[31m', '\u007f\u0085\u2028\u2029', '\v\f\b']),
  },
  {
    name: 'halves of surrogate pairs',
    group: 'contents',
    ends: [],
    fits: forJson,
    make: texts(['\ud800', 'a\udc00b', '\udc00\ud800', 'fox \ud83e']),
  },
  {
    name: 'numbers that JavaScript would change',
    group: 'contents',
    ends: [],
    fits: forJson,
    make: (scenario, random) =>
      changed(scenario, random, (fields) =>
        withObject(scenario, { ...fields, number: pick(random, NUMBERS) }, NUMBERS),
      ),
  },
  {
    name: 'names that JavaScript has of its own',
    group: 'contents',
    ends: [],
    fits: forJson,
    make: (scenario, random) =>
      changed(scenario, random, (fields) => withObject(scenario, { ...fields, ...inherited }, inherited)),
  },
  {
    name: 'columns of names that JavaScript has of its own',
    group: 'contents',
    ends: [],
    fits: ({ vendor }) => vendor === 'kosli',
    make() {
      const renamed = { type: 'constructor', description: '__proto__', sha256: 'toString' };
      const change = (body: string) =>
        Object.entries(renamed).reduce((text, [from, to]) => renamedHeader(from, to)(text), body);
      return {
        renamed,
        alter: (answer, { path }) => (path.endsWith('/auditlog') ? withBody(answer, change) : answer),
      };
    },
  },
  {
    name: 'nested 500 levels deep',
    group: 'contents',
    ends: [],
    fits: forJson,
    make: (scenario, random) => changed(scenario, random, (fields) => withObject(scenario, fields, nested(500))),
  },
  {
    name: 'nested 10,000 levels deep',
    group: 'contents',
    ends: ['protocol'],
    fits: forJson,
    make: (scenario, _random, at) => ({
      arrange: texting(scenario, at, (text) => `{"deep":${'['.repeat(10_000)}${']'.repeat(10_000)},${text.slice(1)}`),
    }),
  },
  {
    name: 'keys that come twice',
    group: 'contents',
    ends: [],
    fits: (scenario) => forJson(scenario) && scenario.setting.server['shape'] !== 'data',
    // As every reader of JSON has it, the last one counts.
    make: (scenario) => ({
      events: scenario.events.map((event) => ({ ...event, fields: { twice: 2, ...event.fields } })),
      arrange: (entries) =>
        entries.map(({ event, micros, text }) => ({
          event,
          micros,
          text: text.replace('{"twice":2', '{"twice":{"first":1},"twice":2'),
        })),
    }),
  },
  {
    name: 'optional fields of other types',
    group: 'contents',
    ends: [],
    fits: forJson,
    make: (scenario, random) =>
      changed(scenario, random, (fields) => ({
        ...fields,
        [pick(random, OPTIONAL[scenario.vendor])]: pick<unknown>(random, [
          0,
          -1.5,
          true,
          false,
          '',
          null,
          [],
          {},
          ['a'],
          { b: null },
        ]),
      })),
  },
  {
    name: 'optional fields that vanish',
    group: 'contents',
    ends: [],
    fits: forJson,
    make(scenario, random) {
      const gone = OPTIONAL[scenario.vendor].filter(() => random() < 0.5);
      return changed(scenario, random, (fields) =>
        Object.fromEntries(Object.entries(fields).filter(([name]) => !gone.includes(name))),
      );
    },
  },
  {
    name: 'fields that no document names',
    group: 'contents',
    ends: [],
    fits: forJson,
    make: (scenario, random) =>
      changed(scenario, random, (fields) => ({
        schemaVersion: 2,
        ...fields,
        ...(scenario.vendor === 'infisical' && { actor: { ...(fields['actor'] as Fields), trace: ['a', { b: 1 }] } }),
        'dotted.name': null,
      })),
  },
  {
    name: 'times in other forms',
    group: 'contents',
    ends: [],
    fits: ({ vendor }) => vendor !== 'kosli',
    make: (scenario, random) =>
      changed(scenario, random, (fields, { time }) => ({
        ...fields,
        [TIME[scenario.vendor]]: pick(random, timesOf(time)),
      })),
  },
  {
    name: 'a time that is none',
    group: 'contents',
    ends: ['protocol'],
    fits: ({ vendor }) => vendor !== 'kosli',
    make: (scenario, random, at) => ({
      arrange: texting(scenario, at, (text) =>
        text.replace(
          forJson(scenario) ? new RegExp(`(?<="${TIME[scenario.vendor]}":")\\d{4}-\\d\\d-\\d\\d`) : /^\d{4}-\d\d-\d\d/,
          pick(random, ['2026-02-30', '0000-00-00', 'yesterday', '2026-13-01']),
        ),
      ),
    }),
  },
  {
    name: 'a required field that vanishes',
    group: 'contents',
    ends: ['protocol'],
    fits: forJson,
    make(scenario, random, at) {
      const name = pick(random, REQUIRED[scenario.vendor]);
      return { arrange: texting(scenario, at, (text) => text.replace(`"${name}":`, `"${name}_":`)) };
    },
  },
  {
    name: 'a required field of another type',
    group: 'contents',
    ends: ['protocol'],
    fits: forJson,
    make(scenario, random, at) {
      const name = pick(random, REQUIRED[scenario.vendor]);
      const value = pick(random, ['null', '5', '[]', 'true']);
      return { arrange: texting(scenario, at, (text) => text.replace(`"${name}":`, `"${name}":${value},"${name}_":`)) };
    },
  },
  {
    name: 'an event that is none',
    group: 'contents',
    ends: ['protocol'],
    fits: forJson,
    make: (scenario, random, at) => ({
      arrange: texting(scenario, at, () => pick(random, ['null', '[]', '"text"', '7', '{}'])),
    }),
  },
  {
    name: 'one id on two days',
    group: 'rows',
    ends: ['protocol'],
    fits: ({ vendor, events }) => (vendor === 'infisical' || vendor === 'datafold') && events.length > 20,
    make({ vendor, events, window }) {
      const name = vendor === 'infisical' ? 'id' : 'event_uuid';
      const inside = events.filter(({ time }) => time >= window.from && time < window.to);
      const [first, last] = [inside[0], inside.at(-1)];
      return {
        absurd: true,
        events: events.map((event) =>
          event === last ? { ...event, fields: { ...event.fields, [name]: first?.fields[name] } } : event,
        ),
      };
    },
  },
  {
    name: 'a byte order mark in front',
    group: 'contents',
    ends: [],
    fits: always,
    make: () => ({ alter: (answer) => withBody(answer, (body) => `\ufeff${body}`) }),
  },
  {
    name: 'JSON in another dress',
    group: 'contents',
    ends: [],
    fits: forJson,
    make: (_scenario, random) => ({ alter: (answer) => withBody(answer, (body) => dressed(body, random)) }),
  },
  {
    name: 'CSV in another dress',
    group: 'contents',
    ends: [],
    fits: forCsv,
    make: () => ({
      alter: (answer) => (answer.headers['content-type']?.startsWith('text/csv') ? withBody(answer, quoted) : answer),
    }),
  },
  {
    name: 'a row of another width',
    group: 'contents',
    ends: ['protocol'],
    fits: forCsv,
    make: (scenario, random, at) => ({
      arrange: texting(scenario, at, (text) =>
        pick(random, [`surplus,${text}`, `\n${text}`, text.slice(text.indexOf(',') + 1)]),
      ),
    }),
  },
  {
    name: 'another header for some answers',
    group: 'contents',
    ends: ['protocol'],
    fits: forCsv,
    make: (scenario, random, at) => {
      const strange =
        scenario.vendor === 'aitronos'
          ? (_request: SandboxRequest, index: number) => index >= at
          : pick(random, [
              ({ path }: SandboxRequest) => path.endsWith('/prod-ecs/auditlog'),
              (request: SandboxRequest) => isPart(scenario, request),
            ]);
      const change = (body: string) => body.replace(/^[^,]*,/, 'Another,');
      return {
        alter: (answer, request, index) =>
          answer.headers['content-type']?.startsWith('text/csv') && strange(request, index)
            ? withBody(answer, change)
            : answer,
      };
    },
  },
];
