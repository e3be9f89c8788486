import { describe, expect, test } from '@jest/globals';
import { failureOf, isTransient, RetryBudget, readRetryAfter } from '../../../src/http/retry.ts';
import { systemClock } from '../../../src/time/clock.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const clock = (random: number) => ({ now: () => NOON, random: () => random, sleep: async () => {} });

describe('readRetryAfter', () => {
  test.each([
    ['7', 7_000],
    [' 7 ', 7_000],
    ['Sat, 21 Nov 2026 12:01:00 GMT', 60_000],
    ['0', null],
    ['-5', null],
    ['1.5', null],
    ['1e3', null],
    ['soon', null],
    ['', null],
    ['2026-11-21T12:01:00Z', null],
    ['Sat, 21 Xxx 2026 12:01:00 GMT', null],
    ['Sat, 21 Nov 2026 11:59:00 GMT', null],
    [undefined, null],
  ])('%j asks for %j ms', (value, expected) => {
    expect(readRetryAfter(value, NOON)).toBe(expected);
  });
});

describe('RetryBudget', () => {
  test('failures in a row: the longest wait doubles up to 30 s', () => {
    const budget = new RetryBudget(9, clock(0.999999));
    expect(Array.from({ length: 8 }, () => budget.nextDelay(null))).toEqual([
      1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000,
    ]);
    expect(budget.nextDelay(null)).toBeNull();
  });

  test('a random number of 0: the wait is 0', () => expect(new RetryBudget(2, clock(0)).nextDelay(null)).toBe(0));
  test('one try: no wait is left after it', () => expect(new RetryBudget(1, clock(0)).nextDelay(1)).toBeNull());
  test('a wait of ten minutes: is allowed', () =>
    expect(new RetryBudget(2, clock(0)).nextDelay(600_000)).toBe(600_000));
  test('a wait of more than ten minutes: is not allowed', () =>
    expect(new RetryBudget(2, clock(0)).nextDelay(600_001)).toBeNull());
});

test('isTransient: 408, 425, 429, 5xx, and the statuses that the vendor lists', () => {
  const all = Array.from({ length: 500 }, (_, i) => i + 100).filter(
    (status) => status < 500 && isTransient(status, [409]),
  );
  expect(all).toEqual([408, 409, 425, 429]);
  expect([500, 503, 599].every((status) => isTransient(status))).toBe(true);
});

test.each([
  ['ECONNRESET', 'again'],
  ['EHOSTUNREACH', 'again'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'again'],
  ['HPE_INVALID_EOF_STATE', 'again'],
  ['HPE_INVALID_CONSTANT', 'malformed'],
  ['CERT_HAS_EXPIRED', 'trust'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'trust'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'trust'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'trust'],
  ['ERR_INVALID_CHAR', 'credentials'],
  ['ERR_INVALID_ARG_TYPE', 'bug'],
  ['ERR_UNSUPPORTED_PROTOCOL', 'bug'],
  ['ERR_GOT_REQUEST_ERROR', 'bug'],
  [undefined, 'bug'],
])('failureOf: %s is of the kind %s', (code, kind) => expect(failureOf(code).kind).toBe(kind));

describe('systemClock', () => {
  test('sleep: takes the given time', async () => {
    const before = systemClock.now();
    await systemClock.sleep(5, new AbortController().signal);
    expect(systemClock.now() - before).toBeGreaterThanOrEqual(3);
    expect(systemClock.random()).toBeLessThan(1);
  });

  test('sleep: an abort rejects at once with its reason', async () => {
    const abort = new AbortController();
    const sleeping = systemClock.sleep(1_000_000, abort.signal);
    abort.abort('enough');
    await expect(sleeping).rejects.toBe('enough');
  });
});
