/** A whole answer, well framed, of which some bytes are wrong. */

import { changed, type SandboxResponse } from '../../sandbox/server.ts';
import { type FaultKind, JSON_VENDORS, type Random, whole } from './kind.ts';

/** Changes the bytes of a body that is long enough to be changed. */
const inBody = (change: (body: Buffer, random: Random) => Buffer) => (random: Random) =>
  changed((answer): SandboxResponse => {
    const body = Buffer.from(answer.body);
    return body.length < 2 ? answer : { ...answer, body: change(body, random) };
  });

const insert = (bytes: readonly number[]) =>
  inBody((body, random) => {
    const at = whole(random, 1, body.length - 1);
    return Buffer.concat([body.subarray(0, at), Buffer.from(bytes), body.subarray(at)]);
  });

const behind = (text: string) => inBody((body) => Buffer.concat([body, Buffer.from(text)]));

// biome-ignore format: a table
export const BODIES: readonly FaultKind[] = [
  { name: 'invalid UTF-8', transient: false, ends: ['protocol'], make: insert([0xc3, 0x28]) },
  { name: 'NUL byte', transient: false, ends: ['protocol'], make: insert([0]) },
  { name: 'last byte missing', transient: false, ends: ['protocol'], make: inBody((body) => body.subarray(0, body.length - 1)) },
  { name: 'half of the body', vendors: JSON_VENDORS, transient: false, ends: ['protocol'], make: inBody((body) => body.subarray(0, body.length >> 1)) },
  { name: 'unterminated quote', transient: false, ends: ['protocol'], make: behind('"') },
  { name: 'junk behind', transient: false, ends: ['protocol'], make: behind('}x') },
  { name: 'itself once more', vendors: [...JSON_VENDORS, 'aitronos'], transient: false, ends: ['protocol'], make: inBody((body) => Buffer.concat([body, body])) },
  { name: 'in UTF-16', transient: false, ends: ['protocol'], make: inBody((body) => Buffer.from(body.toString(), 'utf16le')) },
];
