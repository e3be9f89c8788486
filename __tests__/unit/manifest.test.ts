import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'csv-parse/sync';
import { exportOf, run } from '../contract/run.ts';
import { bytesOf, play, readTape, tapeNames } from '../contract/tape.ts';

// `textarea` is a hint of the profiles for form makers.
const ajv = new Ajv({ strict: false, allErrors: true, formats: { textarea: true } });
formats.default(ajv);

/** A profile of Data Package 2.0, from the copies beside the tests: nothing is fetched. */
function profile(name: string): ValidateFunction {
  const url = new URL(`../fixtures/datapackage-2.0/${name}.json`, import.meta.url);
  return ajv.compile(JSON.parse(readFileSync(url, 'utf8')));
}

const [isPackage, isResource, isSchema, isDialect] = [
  profile('datapackage'),
  profile('dataresource'),
  profile('tableschema'),
  profile('tabledialect'),
] as [ValidateFunction, ValidateFunction, ValidateFunction, ValidateFunction];

const errorsOf = (validate: ValidateFunction, value: unknown) => {
  validate(value);
  return validate.errors ?? [];
};

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function exported(name: string, columns: string) {
  const tape = readTape(name);
  const server = await play(tape, (index, before) =>
    index === 0 && before === 0 ? (res) => res.writeHead(503, { 'content-length': 0 }).end() : undefined,
  );
  const done = await run({ inputs: { ...tape.query, 'base-url': server.origin, columns } });
  return { tape, server, done, ...exportOf(done) };
}

describe.each(tapeNames.flatMap((name) => ['native', 'common'].map((columns): [string, string] => [name, columns])))(
  '%s, %s',
  (name, columns) => {
    test('is a Data Package 2.0, in all of its parts', async () => {
      const { manifest } = await exported(name, columns);
      const [resource, ...rest] = manifest.resources;
      expect(rest).toEqual([]);
      expect(errorsOf(isPackage, manifest)).toEqual([]);
      expect(errorsOf(isResource, resource)).toEqual([]);
      expect(errorsOf(isSchema, resource.schema)).toEqual([]);
      expect(errorsOf(isDialect, resource.dialect)).toEqual([]);
      expect(manifest.$schema).toBe('https://datapackage.org/profiles/2.0/datapackage.json');
    });

    test('describes the CSV that lies beside it', async () => {
      const { csv, manifest, done } = await exported(name, columns);
      const [resource] = manifest.resources;
      const [header, ...rows] = parse(csv) as string[][];
      expect([...done.files.keys()].filter((path) => path.endsWith(`/${resource.path}`))).toHaveLength(1);
      expect(resource).toMatchObject({ bytes: csv.length, hash: `sha256:${sha256(csv)}`, encoding: 'utf-8' });
      expect(resource.schema.fields.map((field: { name: string }) => field.name)).toEqual(header);
      expect(manifest.export.events.written).toBe(rows.length);
      expect(manifest.export.columns).toBe(columns);
    });

    test('accounts for every event and every request', async () => {
      const { tape, server, manifest, done } = await exported(name, columns);
      const { received, cut, repeated, written, first, last } = manifest.export.events;
      expect(cut + repeated + written).toBe(received);
      expect(done.outputs).toMatchObject({ 'row-count': String(written), 'first-event': first, 'last-event': last });
      expect(first <= last).toBe(true);

      const { requests } = manifest.export;
      expect(requests.map(({ status }: { status: number }) => status)).toEqual([503, ...tape.exchanges.map(() => 200)]);
      expect(requests.map(({ attempt }: { attempt: number }) => attempt).slice(0, 3)).toEqual(
        [1, 2, 1].slice(0, requests.length),
      );
      const told = requests
        .slice(1)
        .map(({ method, path, bytes, sha256: sum }: Record<string, unknown>) => ({ method, path, bytes, sum }));
      const wanted = tape.exchanges.map(({ request, response }) => ({
        method: request.method,
        path: request.path + (request.query && `?${request.query}`),
        bytes: bytesOf(response.body).length,
        sum: sha256(bytesOf(response.body)),
      }));
      expect(told).toEqual(wanted);
      expect(server.asked).toHaveLength(requests.length);
    });

    test('stands in SHA256SUMS beside the CSV, and both sums are true', async () => {
      const { sums, csv, manifest, done } = await exported(name, columns);
      const lines = sums
        .trimEnd()
        .split('\n')
        .map((line) => line.split('  '));
      expect(lines.map(([, path]) => path)).toEqual([manifest.resources[0].path, 'datapackage.json']);
      const fileOf = (path: string) => [...done.files].find(([file]) => file.endsWith(`/${path}`))?.[1] ?? Buffer.of();
      expect(lines.map(([sum]) => sum)).toEqual(lines.map(([, path = '']) => sha256(fileOf(path))));
      expect(done.outputs['sha256']).toBe(sha256(csv));
      expect(done.files.size).toBe(3);
    });

    test('names the window, the vendor’s document and the run, and how completeness was established', async () => {
      const { tape, manifest, done } = await exported(name, columns);
      expect(manifest.export).toMatchObject({
        vendor: tape.query['vendor'],
        org: tape.query['org'] ?? null,
        window: {
          from: done.outputs['from'],
          to: done.outputs['to'],
          interval: '[from, to)',
          asked: { from: tape.query['from'] },
        },
        document: { url: expect.stringMatching(/^https:/), read: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
        run: { repository: 'acme/audit', run_id: '42', run_attempt: '1' },
      });
      expect(manifest.export.completeness.established.length).toBeGreaterThan(0);
      expect(manifest.export.completeness.limits.length).toBeGreaterThan(0);
    });
  },
);

test('the profiles refuse what is no Data Package', async () => {
  const { manifest } = await exported('datafold', 'native');
  const [resource] = manifest.resources;
  expect(errorsOf(isPackage, { ...manifest, resources: [] })).not.toEqual([]);
  expect(errorsOf(isResource, { ...resource, path: undefined, bytes: '12' })).not.toEqual([]);
  expect(errorsOf(isSchema, { fields: [{ name: 'a', type: 'text' }] })).not.toEqual([]);
  expect(errorsOf(isDialect, { ...resource.dialect, header: 'yes' })).not.toEqual([]);
});
