import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type LogOptions, writeLog } from '../../../bench/events/write.ts';
import { LOGS, type LogId } from '../../../bench/logs.ts';
import { Turnstile } from '../../../bench/server/conditions.ts';
import { Store } from '../../../bench/server/store.ts';

const WINDOW = { from: Date.UTC(2026, 9, 1), to: Date.UTC(2026, 9, 2) };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-server-'));
});
afterAll(() => rm(folder, { recursive: true }));

function open(options: Partial<LogOptions> = {}) {
  const path = join(folder, 'log');
  const log = writeLog(path, { log: 'infisical', seed: 1, events: 300, window: WINDOW, spread: 'even', ...options });
  return { log, store: new Store(path, log) };
}

async function sent(store: Store, first: number, end: number): Promise<string> {
  const target = new PassThrough({ highWaterMark: 100 });
  const [all] = await Promise.all([text(target), store.send({ first, end }, target).then(() => target.end())]);
  return all;
}

describe('a log', () => {
  test('has so many events inside its window, newest first, and a few on either side', () => {
    const { log } = open();
    const micros = [...log.micros];
    expect(micros).toEqual([...micros].sort((a, b) => b - a));
    expect(micros.filter((time) => time >= WINDOW.from * 1000 && time < WINDOW.to * 1000)).toHaveLength(300);
    expect(micros.slice(0, 3).every((time) => time > WINDOW.to * 1000)).toBe(true);
    expect(micros.slice(-3).every((time) => time < WINDOW.from * 1000)).toBe(true);
    expect(log.keys.rows).toBe(300);
  });

  test('is the same for a seed, and of another shape for another', async () => {
    const [first, again, other] = [open(), open(), open({ seed: 2 })];
    expect(again.log).toEqual(first.log);
    expect(other.log.keys.sum).not.toBe(first.log.keys.sum);
    expect(Math.abs(other.log.bytes - first.log.bytes)).toBeGreaterThan(300);
  });

  test('clustered late has most of its events in the last thirtieth of its window', () => {
    const { log } = open({ spread: 'late' });
    const late = WINDOW.to - (WINDOW.to - WINDOW.from) / 30;
    const count = [...log.micros].filter((time) => time >= late * 1000 && time < WINDOW.to * 1000).length;
    expect(count).toBeGreaterThan(250);
  });

  test.each(Object.keys(LOGS) as LogId[])('of %s is sent as it was written, any stretch of it', async (log) => {
    const { store, log: written } = open({ log });
    const isJson = LOGS[log].format === 'json';
    const count = written.micros.length;
    for (const [first, end] of [
      [0, count],
      [7, 8],
      [100, 250],
      [5, 5],
    ] as const) {
      const all = await sent(store, first, end);
      expect(Buffer.byteLength(all)).toBe(store.bytesOf({ first, end }));
      if (isJson) expect(JSON.parse(`[${all}]`)).toHaveLength(end - first);
      else expect(all.endsWith('\r\n') || first === end).toBe(true);
      expect(all).toBe(await store.text({ first, end }));
    }
  });

  test('finds the events from one instant to another, both included', () => {
    const { store, log } = open();
    const micros = [...log.micros];
    const bounds = [
      micros[0],
      micros[40],
      micros[41],
      micros[299],
      WINDOW.from * 1000,
      WINDOW.to * 1000 - 1,
    ] as number[];
    for (const from of bounds) {
      for (const to of bounds) {
        const { first, end } = store.between(from, to);
        expect(micros.slice(first, end)).toEqual(micros.filter((time) => time >= from && time <= to));
      }
    }
  });
});

describe('a limit of 3 requests in 10 seconds', () => {
  const limit = { requests: 3, windowMs: 10_000 };

  test('refuses the fourth, and says how long to wait', () => {
    const turnstile = new Turnstile(limit);
    expect([0, 1, 2].map((now) => turnstile.pass(now).refused)).toEqual([false, false, false]);
    expect(turnstile.pass(2500)).toEqual({
      refused: true,
      headers: {
        'x-ratelimit-limit': '3',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': '8',
        'retry-after': '8',
      },
    });
    expect(turnstile.pass(10_000).refused).toBe(false);
    expect(turnstile.tally).toEqual({ requests: 5, refused: 1, early: 0 });
  });

  test('tells requests that were on their way from those that did not wait', () => {
    const turnstile = new Turnstile(limit);
    for (const now of [0, 0, 0, 10, 11, 12, 5000]) turnstile.pass(now);
    expect(turnstile.tally).toEqual({ requests: 7, refused: 4, early: 1 });
  });
});
