import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { inWindow, makeLedger } from '../../sandbox/ledger.ts';
import { type ResultsService, startResultsService } from '../../sandbox/results-service.ts';
import { tableOf } from './ledger-table.ts';
import { expectGreen, folder, inputsOf, lastWeek, run, vendor } from './scenario.ts';

const EVENTS = 10_000;
const window = lastWeek();

let results: ResultsService;
beforeAll(async () => {
  results = await startResultsService();
});
afterAll(() => results.close());

/** Infisical's document promises no order among ties: they come in another one at each request. */
const servers = {
  kosli: () => vendor('kosli', { events: ledger('kosli') }),
  infisical: (seed: number) => vendor('infisical', { events: ledger('infisical'), tieShuffle: seed }),
  datafold: () => vendor('datafold', { events: ledger('datafold') }),
  aitronos: () => vendor('aitronos', { events: ledger('aitronos') }),
  codacy: () => vendor('codacy', { events: ledger('codacy') }),
};
type Id = keyof typeof servers;

const ledger = (id: Id) => makeLedger({ vendor: id, seed: 3, events: EVENTS, window, outside: 30, burst: 40 });
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe.each(Object.keys(servers) as Id[])('%s', (id) => {
  test('10,000 events come out once each, the same bytes in two runs, in an artifact that checks out', async () => {
    const events = ledger(id);
    const [server, another] = [await servers[id](5), await servers[id](6)];
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
    expect(table).toEqual(expected);

    const manifest = JSON.parse(await readFile(join(unpacked, 'datapackage.json'), 'utf8'));
    expect(manifest.resources[0]).toMatchObject({ bytes: csv.length, hash: `sha256:${sha256(csv)}` });
    expect(manifest.export.requests).toHaveLength(server.requests.length);
    expect(manifest.export.completeness.established).not.toEqual([]);
    expect(ran.outputs).toMatchObject({ sha256: sha256(csv), empty: 'false', 'row-count': String(table.length - 1) });
    expect(ran.outputs).toMatchObject(bounds(id, events));
    expect(ran.log.split('\n').length).toBeLessThan(40);

    expect(await readdir(again.outputs['export-path'] ?? '')).toHaveLength(3);
    expect(sha256(await readFile(again.outputs['csv-path'] ?? ''))).toBe(sha256(csv));
  });
});

/** First and last event; Kosli's are those of its listed environments. */
function bounds(id: Id, events: ReturnType<typeof ledger>) {
  const inside = inWindow(events, window).filter(
    ({ hidden }) => id !== 'kosli' || hidden['environment'] !== 'old-server',
  );
  const instant = (time = 0) => new Date(Math.floor(time)).toISOString().replace('.000Z', 'Z');
  return { 'first-event': instant(inside[0]?.time), 'last-event': instant(inside.at(-1)?.time) };
}

test('codacy: the shape without pages holds the same events', async () => {
  const events = ledger('codacy');
  const server = await vendor('codacy', { events, shape: 'array' });
  const ran = await run({ vendor: 'codacy', server, with: { ...inputsOf(window), destination: 'file' } });
  expectGreen(ran);
  const table = parse(await readFile(ran.outputs['csv-path'] ?? ''), { record_delimiter: '\r\n' });
  expect(table).toEqual(tableOf('codacy', events, window, 'array'));
});
