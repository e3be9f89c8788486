import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { randomFrom } from '../../../sandbox/ledger.ts';
import { fingerprint } from '../../../src/base/hash.ts';
import { UniqueIds } from '../../../src/export/unique-ids.ts';
import { vendorOf } from '../chain.ts';
import { filesOpenIn } from '../http/loopback.ts';

const BATCH = 65_536;
const NOON = Date.UTC(2026, 10, 21, 12);

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function openIds(folder?: string) {
  const made = await mkdtemp(join(tmpdir(), 'ids-'));
  closers.push(() => rm(made, { recursive: true }));
  const ids = new UniqueIds(vendorOf(), folder ?? made);
  closers.push(() => ids.close());
  return { ids, folder: made };
}

/** Keeps ids, a page at a time. */
async function keep(ids: UniqueIds, count: number, of: (index: number) => string, time: number | null = NOON) {
  for (let index = 0; index < count; index++) {
    if (index % 1000 === 0) await ids.reserve(1000);
    ids.add(of(index), time);
  }
}

/** Looks like a UUID of version 4. */
function uuids(seed: number): () => string {
  const random = randomFrom(seed);
  const hex = (digits: number) =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  return () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(6)}${hex(6)}`;
}

describe('UniqueIds, one id at two times', () => {
  test.each([
    ['side by side', 2],
    ['in memory', 1000],
    ['once on the disk, once in memory', BATCH + 1000],
    ['both on the disk', 2 * BATCH + 5000],
  ])('%s: throws `protocol` with both times', async (_, count) => {
    const { ids } = await openIds();
    await ids.reserve(1);
    ids.add('twice', NOON);
    await keep(ids, count - 2, (index) => `id ${index}`);
    await ids.reserve(1);
    ids.add('twice', NOON + 60_000);
    if (count > 2 * BATCH) await keep(ids, BATCH, (index) => `other ${index}`);
    await expect(ids.check()).rejects.toMatchObject({
      kind: 'protocol',
      message: 'Acme gave one event id twice, at different times.',
      where: 'an event of 2026-11-21T12:00:00Z and 2026-11-21T12:01:00Z',
    });
  });

  test('an id without a time: throws `protocol` with the name of the vendor', async () => {
    const { ids } = await openIds();
    await keep(ids, 2, () => 'twice', null);
    await expect(ids.check()).rejects.toMatchObject({ kind: 'protocol', where: 'Acme' });
  });

  test('an id that comes twice among 600,000: found in the second of two shares', async () => {
    const { ids } = await openIds();
    await keep(ids, 600_000, (index) => `id ${index}`);
    await expect(ids.check()).resolves.toBeUndefined();
    const name = ['id 1', 'id 2', 'id 3', 'id 4', 'id 5', 'id 6', 'id 7'].find((id) => (fingerprint(id) & 1n) === 1n);
    await keep(ids, 1, () => name ?? '');
    await expect(ids.check()).rejects.toMatchObject({ kind: 'protocol' });
  });
});

describe('UniqueIds, the id of an event outside the window', () => {
  test.each([
    ['before', NOON - 1, 'an event of 2026-11-21T12:00:00Z and 2026-11-21T11:59:59.999Z'],
    ['after', NOON + 1, 'an event of 2026-11-21T12:00:00Z and 2026-11-21T12:00:00.001Z'],
  ])('%s a written one: throws `protocol` with both times', async (_, time, where) => {
    for (const more of [0, BATCH]) {
      const { ids } = await openIds();
      ids.addOutsideWindow('other', NOON);
      ids.addOutsideWindow('twice', time);
      await keep(ids, 1, () => 'twice');
      await keep(ids, more, (index) => `id ${index}`);
      await expect(ids.check()).rejects.toMatchObject({
        kind: 'protocol',
        message: 'Acme gave one event id twice, at different times.',
        where,
      });
    }
  });

  test('an id that is written without a time: throws `protocol` with the only time', async () => {
    const { ids } = await openIds();
    await keep(ids, 1, () => 'twice', null);
    ids.addOutsideWindow('twice', NOON);
    await expect(ids.check()).rejects.toMatchObject({ where: 'an event of 2026-11-21T12:00:00Z' });
  });

  test('an id that is written at an equal time, or not at all: no error', async () => {
    const { ids } = await openIds();
    ids.addOutsideWindow('once', NOON);
    ids.addOutsideWindow('once', NOON);
    ids.addOutsideWindow('gone', NOON);
    await keep(ids, 2, (index) => ['once', 'other'][index] ?? '');
    await expect(ids.check()).resolves.toBeUndefined();
  });

  test('an id whose lower half equals that of another id: no error', async () => {
    const halves = new Map<bigint, string>();
    let [one, other] = ['', ''];
    for (let index = 0; other === ''; index++) {
      const half = fingerprint(`id ${index}`) & 0xffff_ffffn;
      one = halves.get(half) ?? '';
      if (one !== '') other = `id ${index}`;
      halves.set(half, `id ${index}`);
    }
    expect(fingerprint(one)).not.toBe(fingerprint(other));
    const { ids } = await openIds();
    ids.addOutsideWindow(one, NOON - 1);
    await keep(ids, 1, () => other);
    await expect(ids.check()).resolves.toBeUndefined();
    await keep(ids, 1, () => one);
    await expect(ids.check()).rejects.toMatchObject({ kind: 'protocol' });
  });
});

test('UniqueIds: a second check covers the ids that were added after the first one, and all before', async () => {
  const { ids } = await openIds();
  await keep(ids, BATCH + 10, (index) => `id ${index}`);
  await ids.check();
  await keep(ids, 10, (index) => `more ${index}`);
  await ids.check();
  await keep(ids, 1, () => `id ${BATCH + 9}`, NOON + 1000);
  await expect(ids.check()).rejects.toMatchObject({
    where: 'an event of 2026-11-21T12:00:00Z and 2026-11-21T12:00:01Z',
    next: expect.stringContaining('report it to the vendor'),
  });
});

test('UniqueIds: the error names two times of an id, not a third one', async () => {
  const { ids } = await openIds();
  for (const seconds of [1, 2, 3]) await keep(ids, 1, () => 'thrice', NOON + 1000 * seconds);
  await expect(ids.check()).rejects.toMatchObject({
    where: 'an event of 2026-11-21T12:00:01Z and 2026-11-21T12:00:02Z',
  });
});

/** Numbers that are so far apart, in hex digits. */
const steps = (by: number) => {
  let at = 1;
  return () => {
    at += by;
    return at.toString(16);
  };
};

test.each([
  ['UUIDs', uuids(1)],
  ['numbers in a row', steps(1)],
  ['numbers that differ in two digits', steps(0x1_0000_0001)],
])('UniqueIds, 200,000 different %s: no error', async (_, next) => {
  const { ids } = await openIds();
  await keep(ids, 200_000, next);
  await expect(ids.check()).resolves.toBeUndefined();
});

test('UniqueIds without an id: no error', async () => {
  const { ids, folder } = await openIds();
  await expect(ids.check()).resolves.toBeUndefined();
  expect(await filesOpenIn(folder)).toBe(0);
});

describe('UniqueIds on the disk', () => {
  test('up to 65,536 ids need no file, and more are in a file without a name', async () => {
    const { ids, folder } = await openIds();
    await keep(ids, 65_000, String);
    await ids.reserve(536);
    expect(await filesOpenIn(folder)).toBe(0);
    await ids.reserve(537);
    expect(await filesOpenIn(folder)).toBe(1);
    expect(await readdir(folder)).toEqual([]);
    await ids.close();
    expect(await filesOpenIn(folder)).toBe(0);
  });

  test('no room on the disk: throws `destination`', async () => {
    const { ids } = await openIds('/nowhere/at/all');
    await expect(keep(ids, BATCH + 1000, String)).rejects.toMatchObject({ kind: 'destination' });
  });
});

describe('fingerprint', () => {
  // The author's own examples: https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js
  test.each([
    ['a', 0x501c_2ba7_82c9_7901n],
    ['b', 0x459e_da5b_c254_d2bfn],
    ['revenge', 0xfbce_64cc_3b74_8385n],
    ['revenue', 0xfb1d_8514_8d13_f93an],
  ])('the fingerprint of %j is as cyrb53 has it', (text, bits) => {
    expect(fingerprint(text)).toBe(bits);
  });

  test('equal texts have one fingerprint of 64 bits, and each character changes it', () => {
    const text = 'An event, as its vendor tells it.';
    const others = [...text].map((_, at) => `${text.slice(0, at)}~${text.slice(at + 1)}`);
    const all = new Set([text, text.split('').join(''), '', ...others].map(fingerprint));
    expect(all.size).toBe(others.length + 2);
    for (const one of all) expect(BigInt.asUintN(64, one)).toBe(one);
    for (const half of [0n, 32n])
      expect(new Set([...all].map((one) => (one >> half) & 0xffff_ffffn)).size).toBe(all.size);
  });
});
