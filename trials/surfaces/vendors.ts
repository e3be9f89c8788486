/** Places of a vendor's answers with text that others may have chosen: events, and what only this vendor's answers have. */

import { csvLine, KOSLI_COLUMNS, type LedgerEvent, type VendorId } from '../../sandbox/ledger.ts';
import { type Fault, reply, type SandboxRequest } from '../../sandbox/server.ts';
import { AITRONOS_HEADER } from '../../sandbox/vendors/aitronos.ts';
import type { Place } from './answers.ts';
import { NOW } from './stage.ts';

/** A day whose events are settled. */
export const DAY = { from: NOW - 2 * 86_400_000, to: NOW - 86_400_000 };

export interface Hostile {
  /** Inputs that the vendor needs. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Options of the vendor's sandbox server. */
  readonly options: object;
  /** An event all of whose free text, names of fields too, is the given one; `at` is milliseconds since 1970. */
  readonly event: (text: string, at: number) => LedgerEvent;
  /** Columns of the `native` table that then hold just that text. */
  readonly columns: readonly string[];
  /** Whether its answers can hold every text: CSV is read strictly. */
  readonly holds: (text: string) => boolean;
  /** Parts of answers that only this vendor has. */
  readonly places: readonly OwnPlace[];
}

export interface OwnPlace extends Place {
  /** Over those of the vendor. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** The requests that are answered so. Defaults to all. */
  readonly asked?: (request: SandboxRequest) => boolean;
  /** Whether it is the answer to a log-in, before there is an access token. */
  readonly logIn?: boolean;
  /** Whether the text becomes the head of a column, and so a part of the table. */
  readonly table?: boolean;
}

const json = (body: unknown, status = 200): Fault =>
  reply(status, { 'content-type': 'application/json' }, JSON.stringify(body));

const csv = (...lines: readonly (readonly string[])[]): Fault =>
  reply(200, { 'content-type': 'text/csv' }, lines.map((cells) => csvLine(cells)).join(''));

const iso = (at: number): string => new Date(at).toISOString();

const infisicalEvent = (text: string, at: number) => ({
  id: text,
  ipAddress: text,
  userAgent: text,
  userAgentType: text,
  expiresAt: text,
  createdAt: iso(at),
  updatedAt: text,
  orgId: text,
  projectId: text,
  projectName: text,
  event: { type: text, metadata: { [text]: text } },
  actor: { type: text, metadata: { [text]: text, name: text }, [text]: text },
  [text]: text,
});

const DATAFOLD_TEXTS = [
  ...['action', 'client_ip', 'event_uuid', 'is_support_user', 'log_entry', 'object_id', 'object_type', 'payload'],
  ...['referer', 'request_type', 'source', 'status', 'url', 'user_agent', 'user_email', 'user_id'],
];
const datafoldEvent = (text: string, at: number) => ({
  ...Object.fromEntries(DATAFOLD_TEXTS.map((name) => [name, text])),
  timestamp: iso(at),
  [text]: { [text]: text },
});

const codacyEvent = (text: string, at: number) => ({
  actor: { email: text, role: text, [text]: text },
  action: text,
  result: text,
  timestamp: iso(at),
  source: text,
  repositoryName: text,
  description: text,
  entityId: text,
  details: { [text]: [text] },
  [text]: text,
});

const AITRONOS_TEXTS = AITRONOS_HEADER.filter((name) => name !== 'Timestamp');
const KOSLI_TEXTS = KOSLI_COLUMNS.filter((name) => name !== 'reported_at');
const cellsOf = (names: readonly string[], text: string, time: string, value: string) =>
  Object.fromEntries(names.map((name) => [name, name === time ? value : text]));

const AT = DAY.from + 1000;
const isLogin = ({ method }: SandboxRequest) => method === 'POST';
const isList = ({ path }: SandboxRequest) => /^\/api\/v2\/environments\/[^/]+$/.test(path);
const CLIENT = { token: '', 'client-id': 'machine-2b1c5f0e', 'client-secret': 'st.0a1b2c3d.4e5f6a7b8c9d' };

const noNul = (text: string): boolean => !text.includes('\0');

export const HOSTILE: Readonly<Record<VendorId, Hostile>> = {
  kosli: {
    inputs: { org: 'acme', filters: 'env_name: prod-k8s' },
    options: {},
    event: (text, at) => ({
      time: at,
      fields: cellsOf(KOSLI_COLUMNS, text, 'reported_at', String(at / 1000)),
      hidden: { environment: 'prod-k8s' },
    }),
    columns: KOSLI_TEXTS,
    holds: noNul,
    places: [
      {
        name: 'the name of an environment',
        inputs: { filters: '' },
        asked: isList,
        answer: (text) => json([{ name: text, type: 'K8S' }]),
      },
      {
        name: 'the type of an environment',
        inputs: { filters: '' },
        asked: isList,
        answer: (text) => json([{ name: 'prod-k8s', type: text }]),
      },
      {
        name: 'an environment whose log is empty',
        inputs: { filters: '' },
        answer: (text) => (req, res, answer) =>
          (/auditlog/.test(req.url ?? '') ? csv(['type', 'time']) : json([{ name: text, type: 'K8S' }]))(
            req,
            res,
            answer,
          ),
      },
      {
        name: 'the counts of a list',
        inputs: { filters: '' },
        answer: (text) => json({ total_pages: text, environments: [] }),
      },
      { name: 'names of columns', table: true, answer: (text) => csv([text, 'time'], ['a', iso(AT)]) },
      { name: 'a column that comes twice', answer: (text) => csv([text, text], ['a', 'b']) },
      {
        name: 'names of columns to choose from',
        inputs: { columns: 'type, description' },
        answer: (text) => csv([text, 'time'], ['a', iso(AT)]),
      },
    ],
  },
  infisical: {
    inputs: {},
    options: { client: { clientId: CLIENT['client-id'], clientSecret: CLIENT['client-secret'] } },
    event: (text, at) => ({ time: at, fields: infisicalEvent(text, at), hidden: {} }),
    columns: ['id', 'ipAddress', 'userAgent', 'expiresAt', 'projectName', 'event.type', 'actor.type'],
    holds: () => true,
    places: [
      {
        name: 'the time of an event',
        answer: (text) => json({ auditLogs: [{ ...infisicalEvent('a', AT), createdAt: text }] }),
      },
      { name: 'an event that is a text', answer: (text) => json({ auditLogs: [text] }) },
      {
        name: 'an id that is an object',
        answer: (text) => json({ auditLogs: [{ ...infisicalEvent('a', AT), id: { [text]: text } }] }),
      },
      {
        name: 'an id that comes twice',
        answer: (text) =>
          json({ auditLogs: [infisicalEvent(text, AT), { ...infisicalEvent(text, AT), userAgent: 'b' }] }),
      },
      {
        name: '`message` of a log-in',
        inputs: CLIENT,
        asked: isLogin,
        logIn: true,
        answer: (text) => json({ message: text, error: text }, 401),
      },
      {
        name: 'the token of a log-in',
        inputs: CLIENT,
        asked: isLogin,
        logIn: true,
        answer: (text) => json({ accessToken: text }),
      },
      { name: 'a log-in that is a text', inputs: CLIENT, asked: isLogin, logIn: true, answer: (text) => json(text) },
      {
        name: '`error` of an expired token',
        inputs: CLIENT,
        asked: (request) => !isLogin(request),
        answer: (text) => json({ message: text, error: 'TokenError', reqId: text }, 403),
      },
    ],
  },
  datafold: {
    inputs: {},
    options: {},
    event: (text, at) => ({ time: at, fields: datafoldEvent(text, at), hidden: {} }),
    columns: DATAFOLD_TEXTS,
    holds: () => true,
    places: [
      {
        name: 'the time of an event',
        answer: (text) => json({ logs: [{ ...datafoldEvent('a', AT), timestamp: text }] }),
      },
      { name: 'an event that is a text', answer: (text) => json({ logs: [text] }) },
      {
        name: 'an id that is an object',
        answer: (text) => json({ logs: [{ ...datafoldEvent('a', AT), event_uuid: { [text]: 1 } }] }),
      },
      {
        name: 'an id that comes twice',
        answer: (text) => json({ logs: [datafoldEvent(text, AT), { ...datafoldEvent(text, AT), url: 'b' }] }),
      },
    ],
  },
  aitronos: {
    inputs: { org: 'org_sandbox' },
    options: { twin: false },
    event: (text, at) => ({ time: at, fields: cellsOf(AITRONOS_HEADER, text, 'Timestamp', iso(at)), hidden: {} }),
    columns: AITRONOS_TEXTS,
    holds: noNul,
    places: [
      { name: 'names of columns', answer: (text) => csv([text, ...AITRONOS_TEXTS]) },
      { name: 'the time of an event', answer: (text) => csv(AITRONOS_HEADER, [text, ...AITRONOS_TEXTS]) },
      { name: 'a row too wide', answer: (text) => csv(AITRONOS_HEADER, [...AITRONOS_HEADER, text]) },
    ],
  },
  codacy: {
    inputs: { org: 'gh/acme' },
    options: { shape: 'array' },
    event: (text, at) => ({ time: at, fields: codacyEvent(text, at), hidden: {} }),
    columns: ['actor.email', 'actor.role', 'action', 'result', 'source', 'repositoryName', 'description', 'entityId'],
    holds: () => true,
    places: [
      { name: 'the time of an event', answer: (text) => json([{ ...codacyEvent('a', AT), timestamp: text }]) },
      { name: 'an event that is a text', answer: (text) => json({ data: [text] }) },
      {
        name: 'a cursor',
        answer: (text) => json({ data: [codacyEvent('a', AT)], pagination: { cursor: text, total: 7 } }),
      },
      {
        name: 'a cursor of an empty page',
        answer: (text) => json({ data: [], pagination: { cursor: text, total: text } }),
      },
      {
        name: 'a cursor that is an object',
        answer: (text) => json({ data: [], pagination: { cursor: { [text]: text } } }),
      },
    ],
  },
};
