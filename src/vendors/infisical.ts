import type { Send } from '../http/call.ts';
import { asObject, type JsonObject, readJson, requireInstant, requireString } from '../json/values.ts';
import { sliceWindow } from '../time/window.ts';
import type { CommonSource, Credentials, EventShape, Segment, Session, Vendor, VendorEvent } from './contract.ts';
import { checkAsked, drainByOffset, type WalkAsk, type WalkPage, walkBack } from './paging.ts';
import { readPage } from './read-page.ts';

const PATH = '/api/v1/organization/audit-logs';
/** The documented maximum of `limit`. */
const PAGE_ROWS = 1000;
/** Length of a segment: the vendor allows three months, and days are walked side by side. */
const SLICE_MS = 86_400_000;

const COLUMNS = [
  { name: 'id', meaning: 'UUID of the event' },
  { name: 'ipAddress', meaning: 'where the request came from' },
  { name: 'userAgent', meaning: 'as the client sent it' },
  { name: 'userAgentType', meaning: 'the consuming application' },
  { name: 'expiresAt', meaning: 'when the vendor deletes the event' },
  { name: 'createdAt', meaning: 'when it happened; rows are filtered to the window by it' },
  { name: 'updatedAt', meaning: 'when the record changed last' },
  { name: 'orgId', meaning: 'UUID of the organisation' },
  { name: 'projectId', meaning: 'UUID of the project, empty for the organisation' },
  { name: 'projectName', meaning: 'name of the project' },
  { name: 'event.type', meaning: 'what was done' },
  { name: 'event.metadata', meaning: 'details of it, as JSON' },
  { name: 'actor.type', meaning: 'what kind of actor' },
  { name: 'actor.metadata', meaning: 'who it was, as JSON' },
];
const SHAPE: EventShape = {
  columns: COLUMNS,
  time: 'createdAt',
  id: 'id',
  strings: [['updatedAt'], ['event.type'], ['actor.type']],
};

function* segments({ query, download, events: read, note }: Session): Generator<Segment> {
  note(
    'Each day was walked back by time until a page was shorter than one before; what a page ended amid came again with the next.',
  );
  const where = `GET ${PATH}`;
  const filters = Object.fromEntries([...query.filters].map(([name, values]) => [name, values.join(',')]));
  const fetch = async ({ from, to, offset }: WalkAsk): Promise<WalkPage> => {
    // `startDate` is inclusive in the vendor's code but in no document: a millisecond more, which the export leaves out.
    const dates = { startDate: isoMs(from - 1), endDate: isoMs(to) };
    const answer = await download({
      path: PATH,
      query: { ...filters, ...dates, offset, limit: PAGE_ROWS },
      accept: 'json',
    });
    const { events } = await readPage(answer, read(answer, { field: 'auditLogs' }, SHAPE, readLog));
    checkAsked(events, { from: from - 1, to }, { vendor: 'Infisical', where });
    return { events, more: null };
  };
  const walk = walkBack({ fetch, crowded: (window) => drainByOffset(fetch, window, where), where });
  for (const slice of sliceWindow(query.window, SLICE_MS)) yield walk(slice);
}

/** Writes `2026-11-01T00:00:00.000Z`: the vendor refuses dates without `Z`. */
const isoMs = (ms: number): string => new Date(ms).toISOString();

function readLog(entry: unknown, where: string): VendorEvent {
  const body = asObject(entry, 'an audit log', where);
  requireString(body, 'updatedAt', where);
  for (const part of ['event', 'actor']) requireString(asObject(body[part], `\`${part}\``, where), 'type', where);
  return { id: requireString(body, 'id', where), time: requireInstant(body, 'createdAt', where), body };
}

async function exchange(credentials: Credentials, send: Send): Promise<string> {
  const [path, body] = await loginCall(credentials);
  const answer = await send({ method: 'POST', path, body, accept: 'json' });
  return requireString(asObject(readJson(answer), 'the response', answer.where), 'accessToken', answer.where);
}

async function loginCall(credentials: Credentials): Promise<[path: string, body: JsonObject]> {
  switch (credentials.kind) {
    case 'client': {
      const { clientId, clientSecret } = credentials;
      return ['/api/v1/auth/universal-auth/login', { clientId, clientSecret }];
    }
    case 'identity': {
      const { identityId, mintIdToken } = credentials;
      return ['/api/v1/auth/oidc-auth/login', { identityId, jwt: await mintIdToken() }];
    }
    case 'token':
      throw new TypeError('A token needs no log-in.');
  }
}

const whoIn = (pick: (who: JsonObject) => unknown): CommonSource => ({ json: 'actor.metadata', pick });

/** Organisation audit log of Infisical: JSON, newest first, pages of 1,000. */
export const infisical: Vendor = {
  id: 'infisical',
  name: 'Infisical',
  document: {
    url: 'https://infisical.com/docs/api-reference/endpoints/audit-logs/export-audit-log',
    read: '2026-11-01',
  },
  hosts: { us: 'https://us.infisical.com', eu: 'https://eu.infisical.com' },
  org: {
    required: false,
    pattern: /^[\w.-]{1,100}$/,
    form: 'letters, digits, `.`, `_` and `-`; it only names the export',
  },
  headers: (token) => ({ authorization: `Bearer ${token}` }),
  rate: { requests: 200, windowMs: 60_000 },
  login: {
    exchange,
    // An expired token: 403 {"reqId":"…","statusCode":403,"message":"…","error":"TokenError"}
    expired: (status, body) => status === 403 && /"error"\s*:\s*"TokenError"/.test(body.toString('utf8')),
  },
  filters: [
    { name: 'projectId', meaning: 'one project; left out: the whole organisation' },
    { name: 'environment', meaning: 'slug of an environment', needs: 'projectId' },
    {
      name: 'actorType',
      meaning: 'who acted',
      values: [
        'platform',
        'kmipClient',
        'user',
        'service',
        'identity',
        'scimClient',
        'acmeProfile',
        'acmeAccount',
        'estAccount',
        'unknownUser',
      ],
    },
    { name: 'secretPath', meaning: 'path of a secret', needs: 'projectId' },
    { name: 'secretKey', meaning: 'key of a secret', needs: 'projectId' },
    { name: 'eventType', meaning: 'event types such as `get-secrets`', list: true },
    {
      name: 'userAgentType',
      meaning: 'the consuming application',
      values: ['web', 'cli', 'k8-operator', 'terraform', 'other', 'InfisicalPythonSDK', 'InfisicalNodeSDK'],
    },
    {
      name: 'eventMetadata',
      meaning: 'key-value pairs of the event',
      list: true,
      grammar: { pattern: /^[^=,]+=[^,]*$/, form: '`key=value,key2=value2`' },
    },
    { name: 'actor', meaning: 'id of the actor' },
  ],
  columns: COLUMNS,
  format: 'json',
  idColumn: 'id',
  timeColumn: 'createdAt',
  order: 'time',
  retention: null,
  emptyMayMean: 'An organisation without an audit-log licence stores nothing, and answers just the same.',
  guide: {
    token:
      'Organisation → Access Control → Machine Identities: create one, and use its Universal Auth client id and secret (`client-id`, `client-secret`), its OIDC Auth (`identity-id`, no stored secret), or an access token (`token`).',
    access: 'An organisation role that may read audit logs; audit logs are part of the paid plans.',
    limits: [
      '1,000 events a page, walked back by time; 200 reads a minute on the cloud.',
      'Each export itself leaves `view-audit-logs` events, after the end of its window.',
    ],
    unverified: [
      "The log-in end points, the order of events and the meaning of `endDate` were read in the vendor's code.",
      'No live account was tried.',
    ],
  },
  segments,
  common: {
    action: 'event.type',
    actor_type: 'actor.type',
    actor_id: whoIn(({ userId, identityId, serviceId }) => userId ?? identityId ?? serviceId),
    actor_name: whoIn(({ username, name }) => username ?? name),
    actor_email: whoIn(({ email }) => email),
    target_type: { of: ['projectId'], cell: (id) => (id === '' ? '' : 'project') },
    target_id: 'projectId',
    target_name: 'projectName',
    source_ip: 'ipAddress',
    user_agent: 'userAgent',
  },
};
