import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { inWindow, type LedgerEvent, makeLedger, type VendorId } from '../../sandbox/ledger.ts';
import { type ResultsService, startResultsService } from '../../sandbox/results-service.ts';
import { tableOf } from './ledger-table.ts';
import { expectGreen, folder, inputsOf, lastWeek, run, vendor } from './scenario.ts';

/** Two days of 1,500 events: what is asked for day by day takes two turns, and what comes in pages of 1,000 two pages a turn. */
const EVENTS = 3000;
const { from } = lastWeek();
const window = { from, to: from + 2 * 86_400_000 };
/** Requests for these two days: a list and three environments; a day each, in pages or not; an export and its count. */
const LEAST_REQUESTS: Readonly<Record<VendorId, number>> = {
  kosli: 4,
  infisical: 4,
  datafold: 2,
  aitronos: 2,
  codacy: 4,
};

let results: ResultsService;
beforeAll(async () => {
  results = await startResultsService();
});
afterAll(() => results.close());

const ledgerOf = (id: VendorId) => makeLedger({ vendor: id, seed: 3, events: EVENTS, window, outside: 30, burst: 40 });

/** Infisical's document promises no order among ties: they come in another one at each request. */
const serverOf = (id: VendorId, events: LedgerEvent[], seed: number) =>
  vendor(id, { events, ...(id === 'infisical' && { tieShuffle: seed }) });

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** A row as one text: jest takes long to compare a hundred thousand cells. */
const rows = (table: readonly (readonly string[])[]) => table.map((row) => JSON.stringify(row));

describe.each(Object.keys(LEAST_REQUESTS) as VendorId[])('export of %s', (id) => {
  test('two days: every event once, the same bytes in two runs, in an artifact with true sums', async () => {
    const events = ledgerOf(id);
    const [server, another] = [await serverOf(id, events, 5), await serverOf(id, events, 6)];
    const [ran, again] = await Promise.all([
      run({ vendor: id, server, results, with: inputsOf(window) }),
      run({ vendor: id, server: another, with: { ...inputsOf(window), destination: 'file' } }),
    ]);
    expectGreen(ran);
    expectGreen(again);

    const name = ran.outputs['export-path']?.split('/').at(-1) ?? '';
    const artifact = results.artifacts().find((one) => String(one.id) === ran.outputs['artifact-id']);
    expect(artifact?.name).toBe(`${name}-attempt-1`);
    expect(ran.outputs['artifact-digest']).toBe(artifact?.digest);
    expect(artifact?.digest).toBe(`sha256:${sha256(await results.download(`${name}-attempt-1`))}`);
    expect(ran.outputs['artifact-url']).toBe(
      `https://github.com/octo-org/octo-repo/actions/runs/1658821493/artifacts/${artifact?.id}`,
    );

    const unpacked = await folder();
    expect((await results.extract(`${name}-attempt-1`, unpacked)).sort()).toEqual(
      [`${name}.csv`, 'SHA256SUMS', 'datapackage.json'].sort(),
    );
    const checked = await promisify(execFile)('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: unpacked });
    expect(checked.stdout).toBe(`${name}.csv: OK\ndatapackage.json: OK\n`);

    const csv = await readFile(join(unpacked, `${name}.csv`));
    const table = parse(csv, { record_delimiter: '\r\n' }) as string[][];
    const expected = tableOf(id, events, window);
    expect(table.length).toBe(expected.length);
    expect(rows(table)).toEqual(rows(expected));

    const manifest = JSON.parse(await readFile(join(unpacked, 'datapackage.json'), 'utf8'));
    expect(manifest.resources[0]).toMatchObject({ bytes: csv.length, hash: `sha256:${sha256(csv)}` });
    expect(manifest.export.requests).toHaveLength(server.requests.length);
    expect(server.requests.length).toBeGreaterThanOrEqual(LEAST_REQUESTS[id]);
    expect(manifest.export.completeness.established).not.toEqual([]);
    expect(ran.outputs).toMatchObject({ sha256: sha256(csv), empty: 'false', 'row-count': String(table.length - 1) });
    expect(ran.outputs).toMatchObject(bounds(id, events));
    expect(ran.log.split('\n').length).toBeLessThan(40);

    expect(await readdir(again.outputs['export-path'] ?? '')).toHaveLength(3);
    expect(sha256(await readFile(again.outputs['csv-path'] ?? ''))).toBe(sha256(csv));
  });
});

/** First and last event; Kosli's are those of its listed environments. */
function bounds(id: VendorId, events: readonly LedgerEvent[]) {
  const inside = inWindow(events, window).filter(
    ({ hidden }) => id !== 'kosli' || hidden['environment'] !== 'old-server',
  );
  const instant = (time = 0) => new Date(Math.floor(time)).toISOString().replace('.000Z', 'Z');
  return { 'first-event': instant(inside[0]?.time), 'last-event': instant(inside.at(-1)?.time) };
}

test('codacy without pages: exports the same events', async () => {
  const events = ledgerOf('codacy');
  const server = await vendor('codacy', { events, shape: 'array' });
  const ran = await run({ vendor: 'codacy', server, with: { ...inputsOf(window), destination: 'file' } });
  expectGreen(ran);
  const table = parse(await readFile(ran.outputs['csv-path'] ?? ''), { record_delimiter: '\r\n' }) as string[][];
  expect(rows(table)).toEqual(rows(tableOf('codacy', events, window, 'array')));
});
