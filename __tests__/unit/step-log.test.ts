import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../src/base/errors.ts';
import type { ExportedTable } from '../../src/export/export.ts';
import { type ExportRequest, type Inputs, readInputs } from '../../src/inputs/inputs.ts';
import type { Report } from '../../src/job-summary.ts';
import type { Runner } from '../../src/runner.ts';
import {
  announce,
  announceNext,
  openProgress,
  sayConcurrentExport,
  sayDone,
  sayEmpty,
  sayFailed,
  sayNothingNew,
  summarize,
} from '../../src/step-log.ts';
import { linkOf, taskOf } from './chain.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const LINE_INTERVAL_MS = 10_000;

function inputsOf(given: Readonly<Record<string, string>>): Inputs {
  const inputs = Object.entries({ vendor: 'infisical', token: 'never-shown', ...given });
  return readInputs(
    Object.fromEntries(inputs.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    () => {},
    async () => 'jwt',
    NOW,
  );
}

/** The one export of a window that stands for itself. */
const taskFor = ({ windowRequest }: ExportRequest) =>
  taskOf({ from: windowRequest.initialFrom, to: windowRequest.finalTo });

/** A runner that writes down what it is told, as `kind: text`. */
function recorder(): Runner & { readonly said: string[] } {
  const said: string[] = [];
  const titled = (kind: string) => (title: string, message: string) => said.push(`${kind}: ${title}: ${message}`);
  return {
    said,
    mask: (secret) => said.push(`mask: ${secret}`),
    info: (line) => said.push(line),
    startGroup: (title) => said.push(`group: ${title}`),
    endGroup: () => said.push('end of group'),
    notice: titled('notice'),
    warning: titled('warning'),
    error: titled('error'),
    setOutput: (name, value) => said.push(`output: ${name}=${value}`),
    summarize: async (markdown) => void said.push(`summary: ${markdown}`),
    mintIdToken: async () => 'jwt',
  };
}

describe('announce and announceNext', () => {
  test('a fixed window: says the window first, as outputs too, then vendor, organisation, host and filters', () => {
    const runner = recorder();
    const filters = 'projectId: p-1\neventType: get-secrets, login';
    const { request } = inputsOf({ org: 'acme', 'base-url': 'eu', from: '2026-11-20', to: '2026-11-20', filters });
    announce(request, runner);
    announceNext(request, taskFor(request), runner);
    expect(runner.said).toEqual([
      'output: from=2026-11-20T00:00:00Z',
      'output: to=2026-11-21T00:00:00Z',
      'Window: 2026-11-20T00:00:00Z (included) to 2026-11-21T00:00:00Z (excluded)',
      'Vendor: Infisical, acme, at eu.infisical.com',
      'Filter: projectId: p-1',
      'Filter: eventType: get-secrets, login',
    ]);
  });

  test('no organisation: the line of the vendor has none', () => {
    const runner = recorder();
    announce(inputsOf({}).request, runner);
    expect(runner.said).toContain('Vendor: Infisical, at us.infisical.com');
  });

  test('a window that `settle` ends earlier: a notice says so, but not where `to` is `now`', () => {
    const pulled = recorder();
    const { request } = inputsOf({ to: '2026-11-21', from: '2026-11-21' });
    announce(request, pulled);
    expect(pulled.said.filter((line) => line.startsWith('notice'))).toEqual([
      'notice: The window ends earlier than asked: `to` (2026-11-21) is later than `settle` (PT10M) before now allows: vendors store events late. The window ends at 2026-11-21T11:50:00Z.',
    ]);
    const now = recorder();
    announce(inputsOf({ to: 'now' }).request, now);
    expect(now.said.join('\n')).not.toContain('notice');
  });

  test('a filter that holds a command of the runner: the log holds no command', () => {
    const runner = recorder();
    const { request } = inputsOf({ filters: 'actor: ##[add-mask]x\u2028::error::y' });
    announce(request, runner);
    expect(runner.said.at(-1)).toMatch(/^Filter: actor: /);
    expect(runner.said.join('\n')).not.toMatch(/##\[|\u2028/);
  });

  test('with `from: last-export`: the window is said by announceNext alone, once it is known', () => {
    const runner = recorder();
    const { request } = inputsOf({ from: 'last-export', 'max-window': 'P1D' });
    const [from, to] = [Date.UTC(2026, 10, 19), Date.UTC(2026, 10, 20)];
    announce(request, runner);
    expect(runner.said).toEqual(['Vendor: Infisical, at us.infisical.com']);
    announceNext(request, taskOf({ from, to }, { previous: linkOf({ from: 0, to: from }) }), runner);
    expect(runner.said.slice(1)).toEqual([
      'output: from=2026-11-19T00:00:00Z',
      'output: to=2026-11-20T00:00:00Z',
      'Window: 2026-11-19T00:00:00Z (included) to 2026-11-20T00:00:00Z (excluded), from where the last export ended',
    ]);
  });

  test('the first export of a chain: announceNext says that it is the first', () => {
    const runner = recorder();
    const { request } = inputsOf({ from: 'last-export', 'initial-from': '2026-11-19', to: '2026-11-19' });
    announceNext(request, taskFor(request), runner);
    expect(runner.said.at(-1)).toMatch(/^Window: 2026-11-19T.*: the first export$/);
  });

  test('a gap before the window: announceNext warns, with its ends', () => {
    const runner = recorder();
    const [from, gone] = [Date.UTC(2026, 10, 20), Date.UTC(2026, 10, 19)];
    announceNext(inputsOf({}).request, taskOf({ from, to: from + 1 }, { gap: { from: gone, to: from } }), runner);
    expect(runner.said[0]).toBe('output: from=2026-11-20T00:00:00Z');
    expect(runner.said.at(-1)).toBe(
      'warning: A gap: Infisical no longer keeps what happened from 2026-11-19T00:00:00Z to 2026-11-20T00:00:00Z; `allow-gap` leaves it out.',
    );
  });
});

describe('sayEmpty', () => {
  const message = 'Datafold holds no event from 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z that matches.';
  const given = { vendor: 'datafold', from: '2026-11-20', to: '2026-11-20' };

  test.each([
    ['notice', `notice: No events: ${message}`],
    ['warn', `warning: No events: ${message}`],
  ])('an empty window with `if-empty: %s`: is said by that annotation alone', (ifEmpty, line) => {
    const runner = recorder();
    const { request, run } = inputsOf({ ...given, 'if-empty': ifEmpty });
    sayEmpty(request, taskFor(request).window, run.ifEmpty, runner);
    expect(runner.said).toEqual([line]);
  });

  test('an empty window with `if-empty: fail`: throws `incomplete`', () => {
    const runner = recorder();
    const { request } = inputsOf(given);
    expect(() => sayEmpty(request, taskFor(request).window, 'fail', runner)).toThrow(
      expect.objectContaining({ kind: 'incomplete', message, where: 'input `if-empty`, which is `fail`' }),
    );
    expect(runner.said).toEqual([]);
  });

  test('a vendor for which an empty window may mean something else: says that too', () => {
    const runner = recorder();
    const { request } = inputsOf({ ...given, vendor: 'infisical' });
    sayEmpty(request, taskFor(request).window, 'notice', runner);
    expect(runner.said[0]).toMatch(/that matches\. An organisation without an audit-log licence stores nothing/);
  });

  test('one of several exports: says the window of that export, not of the request', () => {
    const runner = recorder();
    sayEmpty(inputsOf(given).request, { from: Date.UTC(2026, 10, 5), to: Date.UTC(2026, 10, 6) }, 'notice', runner);
    expect(runner.said[0]).toContain('from 2026-11-05T00:00:00Z to 2026-11-06T00:00:00Z');
  });
});

describe('sayDone', () => {
  const table: ExportedTable = {
    files: [{ path: '/t/x.csv', name: 'x.csv', rows: 1_234_567, bytes: 10, sha256: 'ab'.repeat(32) }],
    columns: ['id'],
    counts: { received: 1_234_567, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 1_234_567 },
    firstEvent: null,
    lastEvent: null,
    lateRows: [],
  };
  const { request } = inputsOf({ from: '2026-11-20', to: '2026-11-20' });
  const report: Report = {
    request,
    task: taskFor(request),
    folder: '/t',
    table,
    copies: [],
    files: [],
    exchanges: [],
    notes: [],
    link: linkOf(taskFor(request).window),
    artifact: null,
    commit: null,
  };

  test('a finished export: says its events, window, CSV, digest and folder', () => {
    const runner = recorder();
    sayDone(report, runner);
    expect(runner.said).toEqual([
      'Complete: 1,234,567 events of Infisical from 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z',
      'CSV: /t/x.csv',
      `SHA-256: ${'ab'.repeat(32)}`,
      'Folder: /t',
    ]);
  });

  test('a copy for spreadsheets in parts: says each part', () => {
    const runner = recorder();
    const copies = ['1', '2'].map((n) => ({ path: `/t/${n}.csv`, name: `${n}.csv`, rows: 1, bytes: 1, sha256: n }));
    sayDone({ ...report, copies }, runner);
    expect(runner.said.slice(2)).toEqual([
      `SHA-256: ${'ab'.repeat(32)}`,
      'For spreadsheets: /t/1.csv',
      'For spreadsheets: /t/2.csv',
      'Folder: /t',
    ]);
  });

  test('an uploaded export: says the artifact and its address', () => {
    const runner = recorder();
    sayDone({ ...report, artifact: { name: 'logs', id: 7, url: 'https://github.test/7', digest: 'cd' } }, runner);
    expect(runner.said.at(-1)).toBe('Artifact: logs, https://github.test/7');
  });

  test('a committed export: says the commit, or that the export was there already', () => {
    const commit = {
      sha: 'c0ffee',
      url: 'https://github.test/c0ffee',
      repository: 'acme/audit',
      branch: 'main',
      folder: 'audit-logs/x',
      changed: true,
    };
    const runner = recorder();
    sayDone({ ...report, commit }, runner);
    sayDone({ ...report, commit: { ...commit, changed: false } }, runner);
    expect(runner.said.filter((line) => /audit-logs|^Folder/.test(line))).toEqual([
      'Commit: audit-logs/x, https://github.test/c0ffee',
      'There already: audit-logs/x, https://github.test/c0ffee',
    ]);
  });

  test('a CSV in parts with late events: says each part with its digest, and how many came late', () => {
    const runner = recorder();
    const files = ['1', '2'].map((n) => ({ path: `/t/${n}.csv`, name: `${n}.csv`, rows: 1, bytes: 1, sha256: n }));
    sayDone({ ...report, table: { ...table, files, lateRows: [1, 2] } }, runner);
    expect(runner.said.slice(1)).toEqual([
      'Late: 2 of them happened before, and were stored after the export of their time',
      ...['CSV: /t/1.csv', 'SHA-256: 1', 'CSV: /t/2.csv', 'SHA-256: 2', 'Folder: /t'],
    ]);
  });
});

describe('sayFailed and summarize', () => {
  test('an ExportError: is said in three lines, two without `where`, and foreign text breaks no line', () => {
    const runner = recorder();
    sayFailed(new ExportError('auth', 'No: "a\n::error::b"', { where: 'GET /a ##[b]', next: 'Ask.' }), runner);
    sayFailed(new ExportError('input', 'No.', { next: 'Ask.' }), runner);
    expect(runner.said).toEqual([
      'end of group',
      'error: The audit log was not exported: No: "a\\u000a:\\:error:\\:b"\nWhere: GET /a #\\#\\[b]\nNext: Ask.',
      'end of group',
      'error: The audit log was not exported: No.\nNext: Ask.',
    ]);
  });

  test('an error that is no ExportError: is called a bug, with its stack', () => {
    const runner = recorder();
    sayFailed(new TypeError('a\n##[b]'), runner);
    sayFailed('a text', runner);
    expect(runner.said[1]).toMatch(
      /^error: The exporter failed: This is a bug of the exporter, please report it\.\nTypeError: a\\u000a#\\#\\\[b\]\\u000a {4}at /,
    );
    expect(runner.said[3]).toBe('error: The exporter failed: This is a bug of the exporter, please report it.\na text');
  });

  test('a job summary that cannot be written: is a warning, not an error', async () => {
    const runner = recorder();
    await summarize('# a', { ...runner, summarize: () => Promise.reject(new Error('full\n::error::')) });
    expect(runner.said).toEqual(['warning: No job summary: It could not be written: Error: full\\u000a:\\:error:\\:']);
  });
});

describe('sayNothingNew and sayConcurrentExport', () => {
  test('nothing left to export: a notice says up to when the last export reaches', () => {
    const runner = recorder();
    sayNothingNew(inputsOf({ from: 'last-export', to: '2026-11-20' }).request, runner);
    expect(runner.said).toEqual([
      'notice: Nothing new: The last export reaches to 2026-11-21T00:00:00Z or later, so there is nothing to add.',
    ]);
  });

  test('another run was faster: the open group is closed, and the reason said', () => {
    const runner = recorder();
    sayConcurrentExport(runner);
    expect(runner.said).toEqual(['end of group', expect.stringContaining('Another run')]);
  });
});

describe('openProgress', () => {
  /** A log whose lines are written down with the time at which they were said. */
  function open() {
    let now = NOW;
    const said: { at: number; line: string }[] = [];
    const runner = { ...recorder(), info: (line: string) => said.push({ at: now, line }) };
    const progress = openProgress(runner, () => now);
    return { progress, said, pass: (ms: number) => (now += ms) };
  }
  const upTo = { from: 0, to: Date.UTC(2026, 10, 2) };

  test('a thousand requests in nine seconds: prints nothing', () => {
    const { progress, said, pass } = open();
    for (let page = 0; page < 1000; page++) {
      pass(9);
      progress.requested();
      progress.written(page, upTo);
    }
    expect(said).toEqual([]);
  });

  test('thirty seconds of requests: prints one line every ten seconds', () => {
    const { progress, said, pass } = open();
    for (let second = 1; second <= 30; second++) {
      pass(1000);
      progress.requested();
      if (second === 20) progress.written(123_456, upTo);
    }
    expect(said.map(({ line }) => line)).toEqual(['… 10 requests', '… 20 requests', '… 30 requests']);
    pass(10_000);
    progress.written(234_567, upTo);
    expect(said.at(-1)?.line).toBe('… 234,567 events, up to 2026-11-02T00:00:00Z, in 30 requests');
  });

  test('a long wait is said at once, a short one only with the next line that is due', () => {
    const { progress, said, pass } = open();
    progress.waiting({ attempt: 1, waitMs: 500, reason: 'status 503' });
    progress.waiting({ attempt: 2, waitMs: 9_999, reason: 'status 503' });
    expect(said).toEqual([]);
    progress.waiting({ attempt: 1, waitMs: 120_000, reason: 'status 429' });
    expect(said.map(({ line }) => line)).toEqual(['Try 1 failed: status 429. Trying again in 120.0 s.']);
    pass(LINE_INTERVAL_MS);
    progress.waiting({ attempt: 2, waitMs: 1_250, reason: 'time-out (ETIMEDOUT)' });
    expect(said.at(-1)?.line).toMatch(/^Try 2 failed: time-out \(ETIMEDOUT\)\. Trying again in 1\.[23] s\.$/);
  });

  test('any order of requests, rows and waits: lines are ten seconds apart, and no due line is left out', () => {
    const happening = fc.record({
      after: fc.nat({ max: 15_000 }),
      what: fc.constantFrom('requested' as const, 'written' as const, 'waiting' as const),
    });
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        const { progress, said, pass } = open();
        for (const { after, what } of happenings) {
          pass(after);
          if (what === 'requested') progress.requested();
          else if (what === 'written') progress.written(1, upTo);
          else progress.waiting({ attempt: 1, waitMs: 100, reason: 'status 500' });
        }
        const times = [NOW, ...said.map(({ at }) => at)];
        for (const [index, at] of times.slice(1).entries()) {
          expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(LINE_INTERVAL_MS);
        }
        const silence = happenings.reduce((passed, { after }) => passed + after, NOW) - (times.at(-1) ?? 0);
        expect(silence).toBeLessThan(LINE_INTERVAL_MS);
      }),
    );
  });
});
