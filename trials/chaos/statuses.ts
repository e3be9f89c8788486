/** Whole answers of another status or content: those that documents name, and those that proxies add. */

import { changed, type Fault, html200, redirect, reply } from '../../sandbox/server.ts';
import { type FaultKind, whole } from './kind.ts';

const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Fault =>
  reply(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));

const html = (status: number, title: string): Fault =>
  reply(status, { 'content-type': 'text/html' }, `<html><head><title>${title}</title></head></html>`);

const httpDate = (time: number): string => new Date(time).toUTCString();

// biome-ignore format: a table
export const STATUSES: readonly FaultKind[] = [
  { name: 'status 400', transient: false, ends: ['protocol'], make: () => json(400, { message: 'Bad request' }) },
  { name: 'status 401', transient: false, ends: ['auth'], make: () => json(401, { message: 'Unauthorized' }) },
  { name: 'status 403', transient: false, ends: ['auth'], make: () => json(403, { message: 'Forbidden' }) },
  { name: 'status 404', transient: false, ends: ['not-found'], make: () => json(404, { message: 'Not found' }) },
  { name: 'status 405', transient: false, ends: ['protocol'], make: () => json(405, { message: 'Method not allowed' }, { allow: 'GET' }) },
  { name: 'status 408', transient: true, ends: ['unavailable'], make: () => reply(408) },
  { name: 'status 413', transient: false, ends: ['protocol'], make: () => html(413, 'Request entity too large') },
  { name: 'status 422', transient: false, ends: ['protocol'], make: () => json(422, { message: 'Unprocessable' }) },
  { name: 'status 425', transient: true, ends: ['unavailable'], make: () => reply(425) },
  { name: 'status 429', transient: true, ends: ['rate-limit'], make: () => json(429, { message: 'Too many requests' }) },
  { name: '429, Retry-After in seconds', transient: true, ends: ['rate-limit'], make: (random) => json(429, {}, { 'retry-after': String(whole(random, 0, 60)) }) },
  { name: '429, Retry-After as a date', transient: true, ends: ['rate-limit'], make: (random, { now }) => json(429, {}, { 'retry-after': httpDate(now() + whole(random, -5, 60) * 1000) }) },
  { name: '429, Retry-After in a year', transient: false, ends: ['rate-limit'], make: () => json(429, {}, { 'retry-after': '31536000' }) },
  { name: '429, Retry-After that is none', transient: true, ends: ['rate-limit'], make: () => json(429, {}, { 'retry-after': 'soon' }) },
  { name: 'status 500', transient: true, ends: ['unavailable'], make: () => json(500, { message: 'Internal error' }) },
  { name: '502 in HTML', transient: true, ends: ['unavailable'], make: () => html(502, 'Bad gateway') },
  { name: '503, Retry-After', transient: true, ends: ['unavailable'], make: (random) => reply(503, { 'retry-after': String(whole(random, 1, 30)) }) },
  { name: 'status 504', transient: true, ends: ['unavailable'], make: () => html(504, 'Gateway time-out') },
  { name: 'status 520', transient: true, ends: ['unavailable'], make: () => html(520, 'Unknown error') },
  { name: '200 with HTML', transient: false, ends: ['protocol'], make: () => html200() },
  { name: '200 with a JSON error', transient: false, ends: ['protocol'], make: () => json(200, { error: { message: 'Something went wrong' } }) },
  { name: '200 with an empty body', transient: false, ends: ['protocol'], make: () => changed((answer) => ({ ...answer, body: '' })) },
  { name: 'status 204', transient: false, ends: ['protocol'], make: () => reply(204) },
  { name: 'status 206', transient: false, ends: ['protocol'], make: () => changed((answer) => ({ ...answer, status: 206 })) },
  { name: 'redirect to another origin', transient: false, ends: ['protocol'], make: () => redirect('http://127.0.0.2:9/elsewhere') },
  { name: 'another content type', transient: false, ends: ['protocol'], make: () => changed((answer) => ({ ...answer, headers: { ...answer.headers, 'content-type': 'text/plain' } })) },
  { name: 'another charset', transient: false, ends: ['protocol'], make: () => changed((answer) => ({ ...answer, headers: { ...answer.headers, 'content-type': `${answer.headers['content-type']?.split(';')[0]}; charset=utf-16` } })) },
];
