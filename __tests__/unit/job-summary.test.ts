import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { ExportError } from '../../src/base/errors.ts';
import { grouped } from '../../src/base/text.ts';
import type { Exchange } from '../../src/http/call.ts';
import { type ExportRequest, readInputs } from '../../src/inputs/inputs.ts';
import { failureSummaryOf, outputsOf, type Report, summaryOf } from '../../src/job-summary.ts';
import { linkOf, taskOf } from './chain.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const SHA = 'ab'.repeat(32);
/** The runner drops a summary that is longer, in bytes. */
const MOST_BYTES = 2 ** 20;

function requestOf(given: Readonly<Record<string, string>> = {}): ExportRequest {
  const inputs = Object.entries({
    vendor: 'infisical',
    token: 'never-shown',
    org: 'acme',
    from: '2026-11-20',
    to: '2026-11-20',
    ...given,
  });
  return readInputs(
    Object.fromEntries(inputs.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    () => {},
    async () => 'jwt',
    NOW,
  ).request;
}

const exchange = (attempt: number): Exchange => ({
  method: 'GET',
  path: '/x',
  at: '2026-11-21T12:00:00Z',
  attempt,
  status: attempt === 1 ? 503 : 200,
  sha256: SHA,
  bytes: 1,
});

const WINDOW = { from: Date.UTC(2026, 10, 20), to: Date.UTC(2026, 10, 21) };
const COMMIT = {
  sha: 'c0ffee',
  url: 'https://github.test/acme/audit/commit/c0ffee',
  repository: 'acme/audit',
  branch: 'main',
  folder: 'audit-logs/acme',
  changed: true,
};

function reportOf(more: Partial<Report> = {}): Report {
  return {
    request: requestOf(),
    task: taskOf(WINDOW),
    folder: '/temp/acme',
    table: {
      files: [{ path: '/temp/acme/acme.csv', name: 'acme.csv', rows: 1_234, bytes: 98_765, sha256: SHA }],
      columns: ['id'],
      counts: { received: 1_240, outsideWindow: 4, duplicates: 2, alreadyExported: 0, written: 1_234 },
      firstEvent: Date.UTC(2026, 10, 20, 1),
      lastEvent: Date.UTC(2026, 10, 20, 23, 59, 59, 999) + 0.5,
      lateRows: [],
    },
    copies: [],
    files: [{ name: 'acme.csv', bytes: 98_765, sha256: SHA }],
    exchanges: [exchange(1), exchange(2), exchange(1)],
    notes: ['Every page was followed.'],
    link: linkOf(WINDOW),
    artifact: { name: 'acme-attempt-1', id: 42, url: 'https://github.test/a/b/artifacts/42', digest: 'cd'.repeat(32) },
    commit: null,
    ...more,
  };
}

/** Reports of windows that follow each other, a day each, the last of them ending with `WINDOW`. */
function reportsOf(count: number, more: Partial<Report> = {}): Report[] {
  const report = reportOf(more);
  return Array.from({ length: count }, (_, index) => {
    const back = (count - 1 - index) * 86_400_000;
    return { ...report, task: taskOf({ from: WINDOW.from - back, to: WINDOW.to - back }) };
  });
}

const emptied = (report: Report): Report => ({
  ...report,
  table: {
    ...report.table,
    counts: { received: 0, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 0 },
    firstEvent: null,
    lastEvent: null,
  },
});

const outputsOfOne = (report: Report) => outputsOf(report.request, ['artifact'], [report]);
const summaryOfOne = (report: Report) => summaryOf(report.request, [report]);

/** Returns the text that a person reads of HTML: no tags, references resolved. */
const readable = (html: string): string =>
  html.replace(/<[^>]*>/g, ' ').replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

describe('outputsOf', () => {
  test('returns the outputs of action.yml, in its order, for no, one and several exports', async () => {
    const action = parse(await readFile(new URL('../../action.yml', import.meta.url), 'utf8')) as { outputs: object };
    for (const reports of [
      [],
      [reportOf()],
      [emptied(reportOf({ artifact: null }))],
      reportsOf(3, { commit: COMMIT }),
    ]) {
      expect(Object.keys(outputsOf(requestOf(), ['artifact'], reports))).toEqual(Object.keys(action.outputs));
    }
  });

  test('one export: returns its paths, counts, window, digests and artifact', () => {
    expect(outputsOfOne(reportOf())).toEqual({
      'csv-path': '/temp/acme/acme.csv',
      'spreadsheet-path': '',
      'export-path': '/temp/acme',
      'row-count': '1234',
      sha256: SHA,
      from: '2026-11-20T00:00:00Z',
      to: '2026-11-21T00:00:00Z',
      'first-event': '2026-11-20T01:00:00Z',
      'last-event': '2026-11-20T23:59:59.999Z',
      empty: 'false',
      'late-count': '0',
      'export-count': '1',
      'manifest-path': '/temp/acme/datapackage.json',
      'artifact-id': '42',
      'artifact-url': 'https://github.test/a/b/artifacts/42',
      'artifact-digest': `sha256:${'cd'.repeat(32)}`,
      'commit-sha': '',
      'commit-url': '',
      changed: '',
    });
  });

  test('an export without events and artifact: its outputs for them are empty texts', () => {
    expect(outputsOfOne(emptied(reportOf({ artifact: null })))).toMatchObject({
      'row-count': '0',
      'first-event': '',
      'last-event': '',
      empty: 'true',
      'artifact-id': '',
      'artifact-url': '',
      'artifact-digest': '',
    });
  });

  test('with `destination: commit`: returns the commit, and whether any export changed the branch', () => {
    const request = requestOf();
    const report = reportOf({ artifact: null, commit: COMMIT });
    const there = { ...report, commit: { ...COMMIT, changed: false } };
    expect(outputsOf(request, ['commit'], [report])).toMatchObject({
      'commit-sha': 'c0ffee',
      'commit-url': COMMIT.url,
      changed: 'true',
    });
    expect(outputsOf(request, ['commit'], [there])).toMatchObject({ 'commit-sha': 'c0ffee', changed: 'false' });
    expect(outputsOf(request, ['commit'], [report, there])['changed']).toBe('true');
    expect(outputsOf(request, ['commit'], [])['changed']).toBe('false');
  });

  test('several exports: counts and times cover all, paths are those of the last', () => {
    const [first, last] = reportsOf(2) as [Report, Report];
    const early = { ...first, table: { ...first.table, firstEvent: 0, lastEvent: 1000, lateRows: [1, 2] } };
    const late = { ...emptied(last), folder: '/temp/last', table: { ...emptied(last).table, lateRows: [7] } };
    const both = outputsOf(requestOf(), ['artifact'], [early, late]);
    expect(both).toMatchObject({
      'export-path': '/temp/last',
      'manifest-path': '/temp/last/datapackage.json',
      'row-count': '1234',
      from: '2026-11-19T00:00:00Z',
      to: '2026-11-21T00:00:00Z',
      'first-event': '1970-01-01T00:00:00Z',
      'last-event': '1970-01-01T00:00:01Z',
      empty: 'false',
      'late-count': '3',
      'export-count': '2',
    });
  });

  test('a CSV in parts: paths and digest are those of the first part', () => {
    const report = reportOf();
    const files = ['1', '2'].map((n) => ({ path: `/t/${n}.csv`, name: `${n}.csv`, rows: 617, bytes: 1, sha256: n }));
    const copies = files.map((file) => ({ ...file, name: file.name.replace('.csv', '.spreadsheet.csv') }));
    expect(outputsOfOne({ ...report, copies, table: { ...report.table, files } })).toMatchObject({
      'csv-path': '/temp/acme/1.csv',
      'spreadsheet-path': '/temp/acme/1.spreadsheet.csv',
      sha256: '1',
      'row-count': '1234',
    });
  });

  test('no export: paths are empty, counts 0, and the window is empty at the end of the request', () => {
    const request = requestOf({ from: 'last-export' });
    expect(outputsOf(request, ['artifact'], [])).toMatchObject({
      ...{ 'csv-path': '', 'spreadsheet-path': '', 'export-path': '', 'manifest-path': '', sha256: '' },
      ...{ from: '2026-11-21T00:00:00Z', to: '2026-11-21T00:00:00Z' },
      ...{ 'row-count': '0', empty: 'true', 'late-count': '0', 'export-count': '0' },
    });
  });
});

describe('summaryOf', () => {
  test('one export: shows vendor, window, filters, counts, times, requests, files and notes', () => {
    const request = requestOf({ filters: 'projectId: p-1\neventType: login, get-secrets', 'base-url': 'eu' });
    const html = summaryOfOne(reportOf({ request }));
    const text = readable(html).replaceAll(/\s+/g, ' ');
    expect(html).toMatch(/^## ✅ Audit log of Infisical: complete\n/);
    for (const part of [
      'Vendor Infisical, eu.infisical.com',
      'Organisation acme',
      'Window 2026-11-20T00:00:00Z (included) to 2026-11-21T00:00:00Z (excluded)',
      'Asked as 2026-11-20 to 2026-11-20',
      'projectId: p-1',
      'eventType: login, get-secrets',
      '1,234 (1,240 received, 4 outside the window, 2 repeated)',
      '2026-11-20T01:00:00Z – 2026-11-20T23:59:59.999Z',
      'Requests 3, 1 of them because an earlier one failed',
      'acme-attempt-1',
      'acme.csv 98,765',
      SHA,
      'Every page was followed.',
    ]) {
      expect(text).toContain(part);
    }
    expect(readable(html.match(/href="([^"]*)"/)?.[1] ?? '')).toBe('https://github.test/a/b/artifacts/42');
  });

  test('an export without events: says that the window is empty, and what that may mean', () => {
    const text = readable(summaryOfOne(emptied(reportOf())));
    expect(text).toContain('Infisical holds no event from 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z that matches.');
    expect(text).toContain('without an audit-log licence');
    expect(summaryOfOne(reportOf())).not.toContain('holds no event');
  });

  test('an export without organisation, filters, artifact and previous export: has no row for them', () => {
    const bare = reportOf({ request: requestOf({ org: '' }), artifact: null, exchanges: [exchange(1)] });
    const text = readable(summaryOfOne(bare));
    for (const name of ['Organisation', 'Filters', 'Artifact', 'Commit', 'Goes on from', 'Left out', 'Stored late']) {
      expect(text).not.toContain(name);
    }
    expect(text).not.toMatch(/exported before|because|exports, each/);
  });

  test('a chained export: shows the previous export, the gap, late events and events exported before', () => {
    const report = reportOf({
      task: taskOf(WINDOW, {
        previous: linkOf({ from: 0, to: 1 }, { place: 'artifact acme of run 7' }),
        gap: { from: WINDOW.from - 1000, to: WINDOW.from },
      }),
    });
    const { table } = report;
    const counts = { ...table.counts, received: 1_243, alreadyExported: 3 };
    const text = readable(summaryOfOne({ ...report, table: { ...table, counts, lateRows: [1, 2] } }));
    for (const part of [
      'Goes on from artifact acme of run 7',
      'Left out 2026-11-19T23:59:59Z (included) to 2026-11-20T00:00:00Z (excluded): the vendor keeps it no more',
      '2 repeated, 3 exported before)',
      'Stored late 2 of them are from before the window',
    ]) {
      expect(text.replaceAll(/\s+/g, ' ')).toContain(part);
    }
  });

  test('a committed export: links the commit, and says where the export was there already', () => {
    const html = summaryOfOne(reportOf({ artifact: null, commit: COMMIT }));
    expect(readable(html.match(/href="([^"]*)"/)?.[1] ?? '')).toBe(COMMIT.url);
    expect(readable(html)).toContain('audit-logs/acme');
    expect(html).not.toContain('there already');
    expect(summaryOfOne(reportOf({ commit: { ...COMMIT, changed: false } }))).toContain(', which was there already');
  });

  test('several exports: lists all, then shows the last one in full', () => {
    const text = readable(summaryOf(requestOf(), reportsOf(3))).replaceAll(/\s+/g, ' ');
    expect(text).toContain('3 exports, each going on from the one before, with 3,702 events.');
    for (const day of ['18', '19', '20']) expect(text).toContain(` 2026-11-${day}T00:00:00Z 2026-11-`);
    expect(text.match(/\(included\)/g)).toHaveLength(1);
    expect(text).toContain('Window 2026-11-20T00:00:00Z (included)');
  });

  test('1,001 exports: lists only the newest, and counts all', () => {
    const html = summaryOf(requestOf(), reportsOf(1_001));
    expect(html).toContain('<b>1,001</b> exports');
    const listed = html.split('### The last of them')[0]?.match(/<tr><td>[^<]*/g) ?? [];
    expect(listed.at(-1)).toBe('<tr><td>2026-11-20T00:00:00Z');
    expect(listed.length).toBeLessThan(1_001);
  });

  test('no export: says that there was nothing new', () => {
    const html = summaryOf(requestOf({ from: 'last-export' }), []);
    expect(html).toMatch(/^## ✅ Audit log of Infisical: nothing new\n/);
    expect(readable(html)).toContain('none: the last one reaches as far as was asked');
  });
});

describe('failureSummaryOf', () => {
  const error = new ExportError('auth', 'Infisical refused the credentials.', {
    where: 'GET /api/v1/organization/audit-logs → 401',
    next: 'Check the token.',
  });

  test('an error: says what happened, where, and what to do next', () => {
    const html = failureSummaryOf(error, requestOf(), []);
    const text = readable(html);
    expect(html).toMatch(/^## ❌ Audit log of Infisical: not exported\n/);
    for (const part of [error.message, error.where ?? '', error.next, 'acme', '2026-11-20T00:00:00Z (included)']) {
      expect(text).toContain(part);
    }
  });

  test('an error of the inputs, so that there is no request: still names the error', () => {
    const html = failureSummaryOf(new ExportError('input', 'No vendor is given.', { next: 'Give one.' }), null, []);
    expect(html).toMatch(/^## ❌ Audit log export: not exported\n/);
    expect(readable(html)).not.toContain('Where');
  });

  test('an error after three delivered exports: says how many stand, and up to when', () => {
    const text = readable(failureSummaryOf(error, requestOf(), reportsOf(3)));
    expect(text).toMatch(/\b3 \D*delivered before\b.* 2026-11-21T00:00:00Z,? .*stand/);
    expect(readable(failureSummaryOf(error, requestOf(), []))).not.toContain('delivered before');
  });
});

describe('foreign text in a summary', () => {
  const HOSTILE = [
    ...['<script>alert(1)</script>', '</code></td></table>', '<img src=x onerror=y>', '"><a href="//evil">', '&lt;'],
    ...[
      '::error::',
      '##[error]',
      '\n::add-mask::x',
      '\r\n##[group]',
      '`',
      '```\n',
      '# h1',
      '|',
      '[x](y)',
      '<!--',
      ']]>',
    ],
    ...[
      'javascript:alert(1)',
      '\u2028',
      '\u202e',
      '\0',
      '\ud800',
      '&#60;b&#62;',
      "'",
      '*',
      '_',
      '~~',
      '$$',
      '@octocat',
    ],
  ];
  const hostile = fc.oneof(
    fc.constantFrom(...HOSTILE),
    fc.array(fc.constantFrom(...HOSTILE, ' ', 'a'), { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', minLength: 1 }),
  );

  /** Returns the report with this text in the place of every foreign one. */
  function reportWith(text: string): Report {
    const request = requestOf();
    return reportOf({
      request: {
        ...request,
        org: text,
        windowRequest: { ...request.windowRequest, asked: { from: text, to: text } },
        query: { ...request.query, filters: new Map([['actor', [text, text]]]) },
      },
      files: [{ name: text, bytes: 1, sha256: text }],
      notes: [text],
      artifact: { name: text, id: 1, url: text, digest: text },
      commit: { ...COMMIT, url: text, folder: text, sha: text },
      task: taskOf(WINDOW, { previous: linkOf(WINDOW, { place: text }) }),
    });
  }
  const failureWith = (text: string): string =>
    failureSummaryOf(new ExportError('protocol', text, { where: text, next: text }), reportWith(text).request, []);

  /** Returns a summary's marks that mean something to HTML, Markdown or the runner, in order. */
  const marksOf = (markdown: string): string =>
    markdown.replaceAll(/&#\d+;/g, '').replaceAll(/[^<>"'&`*|[\]#\n\r]/g, '');

  test('adds no tag, attribute, line or Markdown', () => {
    const calm = [summaryOfOne(reportWith('calm')), failureWith('calm')].map(marksOf);
    fc.assert(
      fc.property(hostile, (text) => {
        expect([summaryOfOne(reportWith(text)), failureWith(text)].map(marksOf)).toEqual(calm);
      }),
      { numRuns: 1_000 },
    );
  });

  test('makes no command of the runner', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const line of `${summaryOfOne(reportWith(text))}${failureWith(text)}`.split(/[\r\n\u2028\u2029\x85]/)) {
          expect(line.trimStart().startsWith('::')).toBe(false);
          expect(line).not.toContain('##[');
        }
      }),
    );
  });

  test('300,000 characters in each field: the summary stays below 1 MiB', () => {
    // Each of these makes the most bytes of one character: 23 of `\u{e0001}`.
    for (const character of ['<', '\u{e0001}', '日', '\0']) {
      const text = character.repeat(300_000);
      const names = ['projectId', 'environment', 'actorType', 'secretPath', 'secretKey', 'eventType', 'actor'];
      const report = reportWith(text);
      const query = { ...report.request.query, filters: new Map(names.map((name) => [name, [text]])) };
      const long = {
        ...report,
        request: { ...report.request, query },
        notes: Array.from({ length: 12 }, () => text),
        exchanges: Array.from({ length: 50_000 }, () => exchange(1)),
      };
      expect(Buffer.byteLength(summaryOf(long.request, Array(2_000).fill(long)))).toBeLessThan(MOST_BYTES);
      expect(Buffer.byteLength(failureWith(text))).toBeLessThan(MOST_BYTES);
    }
  });
});

test('grouped: writes 1,234,567 in every locale', () => {
  expect([0, 999, 1000, 1_234_567].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567']);
});
