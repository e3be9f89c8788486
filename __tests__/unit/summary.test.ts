import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { ExportError } from '../../src/errors.ts';
import { type Inputs, readInputs } from '../../src/inputs.ts';
import { failureSummaryOf, grouped, outputsOf, type Report, summaryOf } from '../../src/summary.ts';
import type { Exchange } from '../../src/types.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const SHA = 'ab'.repeat(32);
/** The runner drops a summary that is longer, in bytes. */
const MOST_BYTES = 2 ** 20;

function inputsOf(given: Readonly<Record<string, string>> = {}): Inputs {
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
  );
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

function reportOf(more: Partial<Report> = {}): Report {
  return {
    inputs: inputsOf(),
    folder: '/temp/acme',
    manifestPath: '/temp/acme/datapackage.json',
    file: {
      path: '/temp/acme/acme.csv',
      bytes: 98_765,
      sha256: SHA,
      columns: ['id'],
      counts: { received: 1_240, cut: 4, repeated: 2, written: 1_234 },
      firstEvent: Date.UTC(2026, 10, 20, 1),
      lastEvent: Date.UTC(2026, 10, 20, 23, 59, 59, 999) + 0.5,
    },
    files: [{ name: 'acme.csv', bytes: 98_765, sha256: SHA }],
    exchanges: [exchange(1), exchange(2), exchange(1)],
    notes: ['Every page was followed.'],
    artifact: { name: 'acme-attempt-1', id: 42, url: 'https://github.test/a/b/artifacts/42', digest: 'cd'.repeat(32) },
    ...more,
  };
}

const emptied = (report: Report): Report => ({
  ...report,
  file: {
    ...report.file,
    counts: { received: 0, cut: 0, repeated: 0, written: 0 },
    firstEvent: null,
    lastEvent: null,
  },
});

/** What a person reads of HTML: no tags, references resolved. */
const readable = (html: string): string =>
  html.replace(/<[^>]*>/g, ' ').replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

describe('outputs', () => {
  test('are those of action.yml, in its order', async () => {
    const action = parse(await readFile(new URL('../../action.yml', import.meta.url), 'utf8')) as { outputs: object };
    expect(Object.keys(outputsOf(reportOf()))).toEqual(Object.keys(action.outputs));
    expect(Object.keys(outputsOf(emptied(reportOf({ artifact: null }))))).toEqual(Object.keys(action.outputs));
  });

  test('say what came out', () => {
    expect(outputsOf(reportOf())).toEqual({
      'csv-path': '/temp/acme/acme.csv',
      'export-path': '/temp/acme',
      'row-count': '1234',
      sha256: SHA,
      from: '2026-11-20T00:00:00Z',
      to: '2026-11-21T00:00:00Z',
      'first-event': '2026-11-20T01:00:00Z',
      'last-event': '2026-11-20T23:59:59.999Z',
      empty: 'false',
      'manifest-path': '/temp/acme/datapackage.json',
      'artifact-id': '42',
      'artifact-url': 'https://github.test/a/b/artifacts/42',
      'artifact-digest': `sha256:${'cd'.repeat(32)}`,
    });
  });

  test('are empty texts where there is nothing to say', () => {
    expect(outputsOf(emptied(reportOf({ artifact: null })))).toMatchObject({
      'row-count': '0',
      'first-event': '',
      'last-event': '',
      empty: 'true',
      'artifact-id': '',
      'artifact-url': '',
      'artifact-digest': '',
    });
  });
});

describe('the summary of an export', () => {
  test('says all of it to a person', () => {
    const inputs = inputsOf({ filters: 'projectId: p-1\neventType: login, get-secrets', 'base-url': 'eu' });
    const html = summaryOf(reportOf({ inputs }));
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
      'Requests 3, 1 of them ',
      'acme-attempt-1',
      'acme.csv 98,765',
      SHA,
      'Every page was followed.',
    ]) {
      expect(text).toContain(part);
    }
    expect(readable(html.match(/href="([^"]*)"/)?.[1] ?? '')).toBe('https://github.test/a/b/artifacts/42');
  });

  test('says that a window is empty, and what that may mean', () => {
    const text = readable(summaryOf(emptied(reportOf())));
    expect(text).toContain('Infisical holds no event from 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z that matches.');
    expect(text).toContain('without an audit-log licence');
    expect(summaryOf(reportOf())).not.toContain('holds no event');
  });

  test('leaves out what there is not', () => {
    const text = readable(summaryOf(reportOf({ inputs: inputsOf({ org: '' }), artifact: null })));
    for (const name of ['Organisation', 'Filters', 'Artifact']) expect(text).not.toContain(name);
  });
});

describe('the summary of a failure', () => {
  const error = new ExportError('auth', 'Infisical refused the credentials.', {
    where: 'GET /api/v1/organization/audit-logs → 401',
    next: 'Check the token.',
  });

  test('says what happened, where, and what to do next', () => {
    const html = failureSummaryOf(error, inputsOf());
    const text = readable(html);
    expect(html).toMatch(/^## ❌ Audit log of Infisical: not exported\n/);
    for (const part of [error.message, error.where ?? '', error.next, 'acme', '2026-11-20T00:00:00Z (included)']) {
      expect(text).toContain(part);
    }
  });

  test('needs no inputs, for it may be they that are wrong', () => {
    const html = failureSummaryOf(new ExportError('input', 'No vendor is given.', { next: 'Give one.' }), null);
    expect(html).toMatch(/^## ❌ Audit log export: not exported\n/);
    expect(readable(html)).not.toContain('Where');
  });
});

describe('text that is not ours', () => {
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

  /** The same report, every foreign text in it being this one. */
  function reportWith(text: string): Report {
    const inputs = inputsOf();
    return reportOf({
      inputs: {
        ...inputs,
        org: text,
        asked: { from: text, to: text },
        query: { ...inputs.query, filters: new Map([['actor', [text, text]]]) },
      },
      files: [{ name: text, bytes: 1, sha256: text }],
      notes: [text],
      artifact: { name: text, id: 1, url: text, digest: text },
    });
  }
  const failureWith = (text: string): string =>
    failureSummaryOf(new ExportError('protocol', text, { where: text, next: text }), reportWith(text).inputs);

  /** All of a summary's marks that mean something to HTML, Markdown or the runner, in order. */
  const marksOf = (markdown: string): string =>
    markdown.replaceAll(/&#\d+;/g, '').replaceAll(/[^<>"'&`*|[\]#\n\r]/g, '');

  test('adds no tag, no attribute, no line and no Markdown', () => {
    const calm = [summaryOf(reportWith('calm')), failureWith('calm')].map(marksOf);
    fc.assert(
      fc.property(hostile, (text) => {
        expect([summaryOf(reportWith(text)), failureWith(text)].map(marksOf)).toEqual(calm);
      }),
      { numRuns: 1_000 },
    );
  });

  test('makes no command for the runner', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const line of `${summaryOf(reportWith(text))}${failureWith(text)}`.split(/[\r\n\u2028\u2029\x85]/)) {
          expect(line.trimStart().startsWith('::')).toBe(false);
          expect(line).not.toContain('##[');
        }
      }),
    );
  });

  test('keeps the summary below 1 MiB, however long it is', () => {
    // Each of these makes the most bytes of one character: 23 of `\u{e0001}`.
    for (const character of ['<', '\u{e0001}', '日', '\0']) {
      const text = character.repeat(300_000);
      const names = ['projectId', 'environment', 'actorType', 'secretPath', 'secretKey', 'eventType', 'actor'];
      const report = reportWith(text);
      const query = { ...report.inputs.query, filters: new Map(names.map((name) => [name, [text]])) };
      const long = {
        ...report,
        inputs: { ...report.inputs, query },
        notes: Array.from({ length: 12 }, () => text),
        exchanges: Array.from({ length: 50_000 }, () => exchange(1)),
      };
      expect(Buffer.byteLength(summaryOf(long))).toBeLessThan(MOST_BYTES);
      expect(Buffer.byteLength(failureWith(text))).toBeLessThan(MOST_BYTES);
    }
  });
});

test('numbers are grouped alike in every locale', () => {
  expect([0, 999, 1000, 1_234_567].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567']);
});
