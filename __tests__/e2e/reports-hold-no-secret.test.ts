import { describe, expect, test } from '@jest/globals';
import { exportHere, hurried } from './in-process.ts';
import { github } from './repository.ts';
import { GITHUB_TOKEN, TOKEN, vendor } from './scenario.ts';

const PROXY_PASSWORD = 'proxy-password-4711';

/** Returns the texts that can be reached from a value, through fields of any kind, maps, sets and buffers. */
function textsIn(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('latin1')];
  const entries = value instanceof Map || value instanceof Set ? [...value].flat() : [];
  const fields = Reflect.ownKeys(value).filter((key) => !(typeof value === 'function' && key === 'prototype'));
  const values = fields.map((key) => Object.getOwnPropertyDescriptor(value, key)?.value);
  return [...fields.map(String), ...[...entries, ...values].flatMap((one) => textsIn(one, seen))];
}

describe('the reports that main returns', () => {
  test('no token and no password of a proxy is reachable', async () => {
    const [server, repository] = await Promise.all([vendor('datafold'), github()]);
    const env = { HTTPS_PROXY: `http://user:${PROXY_PASSWORD}@proxy.test:3128`, NO_PROXY: '127.0.0.1' };
    const { reports } = await exportHere({ vendor: 'datafold', server, github: repository, clock: hurried(100), env });
    expect(reports).toHaveLength(1);
    const texts = textsIn(reports);
    // The walk does reach what a report is made of.
    expect(texts).toEqual(expect.arrayContaining(['datafold', reports[0]?.commit?.sha, reports[0]?.link.sha256]));
    for (const secret of [TOKEN, GITHUB_TOKEN, PROXY_PASSWORD]) {
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    }
  });

  test('the search finds a secret in any kind of field', () => {
    const hidden = Object.defineProperty({}, 'x', { value: TOKEN, enumerable: false });
    const holders = [{ a: [TOKEN] }, new Map([['a', TOKEN]]), new Set([TOKEN]), Buffer.from(TOKEN), hidden];
    for (const holder of holders) expect(textsIn({ holder }).some((text) => text.includes(TOKEN))).toBe(true);
  });
});
