import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { vendors } from '../../src/vendors/index.ts';
import { exportOf, failureOf, type Run, run } from './run.ts';
import {
  cut,
  type Exchange,
  type Fault,
  instead,
  play,
  readTape,
  TAPES,
  type Tape,
  type TapeServer,
  tapeNames,
} from './tape.ts';

/** The second of two tries of a call is its last. */
const TRIES = '2';
const HTML = { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Log in</title>' };

type Faults = (index: number, before: number) => Fault | undefined;

/** Exports a tape through `main`. Every request has to be one of the tape's. */
async function record(tape: Tape, inputs: Record<string, string> = {}, faults?: Faults) {
  const server = await play(tape, faults);
  const done = await run({
    inputs: { ...tape.query, 'base-url': server.origin, 'max-attempts': TRIES, ...inputs },
    ...(tape.secrets && { secrets: tape.secrets }),
  });
  expect(server.strangers).toEqual([]);
  return { done, server };
}

/** The exchanges that the export can do without, by their place on the tape. */
const spareOf = ({ exchanges }: Tape): number[] => exchanges.flatMap(({ spare }, index) => (spare ? [index] : []));
/** The others. */
const neededOf = ({ exchanges }: Tape): number[] => exchanges.flatMap(({ spare }, index) => (spare ? [] : [index]));

const goldenOf = (name: string): string => readFileSync(new URL(`${name}.csv`, TAPES), 'utf8');

/** Ends one export for each needed exchange, which is answered with the fault. Gives the errors and the servers. */
async function spoil(tape: Tape, fault: (exchange: Exchange) => Fault, inputs: Record<string, string> = {}) {
  const failed: { error: ReturnType<typeof failureOf>; done: Run; server: TapeServer; index: number }[] = [];
  for (const index of neededOf(tape)) {
    const { done, server } = await record(tape, inputs, (at) =>
      at === index ? fault(tape.exchanges[index] as Exchange) : undefined,
    );
    failed.push({ error: failureOf(done), done, server, index });
  }
  return failed;
}

const rowsOf = (csv: Buffer): string[][] => parse(csv, { relax_column_count: false });

/** What a vendor says when it refuses, with everything secret in it that the request held. */
const refusal = (status: number, { request }: Exchange, headers: Record<string, string> = {}): Fault => {
  const said = [...Object.values(request.headers), ...Object.values((request.body ?? {}) as object)].join(' ');
  const body = { message: `no: ${said}`, error: { message: said }, detail: said };
  return instead({ status, headers: { 'content-type': 'application/json', ...headers }, body });
};

test('every vendor of the registry has a tape, and every tape a vendor', () => {
  expect(new Set(tapeNames.map((name) => readTape(name).query['vendor']))).toEqual(new Set(vendors.keys()));
  for (const name of tapeNames) expect(name.split('-')[0]).toBe(readTape(name).query['vendor']);
});

describe.each(tapeNames)('contract of %s', (name) => {
  const tape = readTape(name);

  describe.each([
    ['native', name],
    ['common', `${name}.common`],
  ])('columns: %s', (columns, golden) => {
    test('exports the golden CSV, byte for byte, after each request of the tape in order', async () => {
      const { done, server } = await record(tape, { columns, concurrency: '1' });
      expect(exportOf(done).csv.toString()).toBe(goldenOf(golden));
      expect(server.asked).toEqual(tape.exchanges.map((_, index) => index));
    });

    test('concurrency: exports the golden CSV where all that may be asked for at once is, and asks for nothing else', async () => {
      const { done, server } = await record(tape, { columns, concurrency: '16' });
      expect(exportOf(done).csv.toString()).toBe(goldenOf(golden));
      expect(server.asked.toSorted()).toEqual(tape.exchanges.map((_, index) => index));
    });

    test('second run: exports equal bytes', async () => {
      const [first, second] = [await record(tape, { columns }), await record(tape, { columns })];
      expect(exportOf(first.done).csv.equals(exportOf(second.done).csv)).toBe(true);
      expect(first.done.outputs['sha256']).toBe(second.done.outputs['sha256']);
    });

    test('empty window: exports a header alone, and says so', async () => {
      const nothing = tape.exchanges.map(({ empty, response, ...rest }) => ({
        ...rest,
        response: empty === undefined ? response : { ...response, body: empty },
      }));
      const { done } = await record({ ...tape, exchanges: nothing }, { columns });
      const header = goldenOf(golden).split('\r\n')[0];
      expect(exportOf(done).csv.toString()).toBe(`${header}\r\n`);
      expect(done.outputs).toMatchObject({ 'row-count': '0', empty: 'true', 'first-event': '', 'last-event': '' });
      expect(done.lines.filter(({ kind }) => kind === 'notice').map(({ text }) => text)).toEqual([
        expect.stringContaining('holds no event'),
      ]);
    });
  });

  test('events outside the window: are counted and left out', async () => {
    const { done } = await record(tape, { columns: 'common' });
    const { csv, manifest } = exportOf(done);
    const { from, to, 'row-count': count } = done.outputs;
    const times = rowsOf(csv)
      .slice(1)
      .map(([time = '']) => Date.parse(time));
    expect(times).toHaveLength(Number(count));
    expect(times.length).toBeGreaterThan(0);
    expect(Math.min(...times)).toBe(Date.parse(from ?? ''));
    expect(times.filter((time) => !(time < Date.parse(to ?? '')))).toEqual([]);
    expect(manifest.export.events.outside_window).toBeGreaterThan(0);
  });

  test('secrets: are masked before they are first sent', async () => {
    const order: string[] = [];
    const server = await play(tape, (index) => {
      order.push(...Object.values(tape.exchanges[index]?.request.headers ?? {}).map((value) => `sent ${value}`));
      return undefined;
    });
    await run({
      inputs: { ...tape.query, 'base-url': server.origin },
      onLine: ({ kind, text }) => order.push(`${kind} ${text}`),
    });
    const credentials = ['token', 'client-id', 'client-secret'].flatMap((input) => tape.query[input] ?? []);
    const firstRequest = order.findIndex((entry) => entry.startsWith('sent '));
    expect(firstRequest).toBeGreaterThan(0);
    for (const secret of credentials) {
      const masked = order.indexOf(`mask ${secret}`);
      expect(masked).toBeGreaterThanOrEqual(0);
      expect(masked).toBeLessThan(firstRequest);
    }
    const [vendor] = [...vendors.values()].filter(({ id }) => id === tape.query['vendor']);
    for (const token of [...(tape.secrets ?? []), tape.query['token'] ?? []].flat()) {
      for (const header of Object.values(vendor?.headers(token) ?? {})) {
        expect(order.indexOf(`sent ${header}`)).toBeGreaterThanOrEqual(0);
        expect(order.indexOf(`mask ${header}`)).toBeGreaterThanOrEqual(0);
        expect(order.indexOf(`mask ${header}`)).toBeLessThan(order.indexOf(`sent ${header}`));
      }
    }
  });

  test.each([
    [401, 'auth'],
    [403, 'auth'],
    [404, 'not-found'],
    [400, 'protocol'],
    [422, 'protocol'],
  ])('%d: throws %s at once, and shows no credentials though the answer quotes them', async (status, kind) => {
    const refused = await spoil(tape, (exchange) => refusal(status, exchange), { concurrency: '1' });
    for (const { error, done, server, index } of refused) {
      expect(error).toMatchObject({ kind, where: expect.stringMatching(new RegExp(` → ${status}$`)) });
      expect(done.waits).toEqual([]);
      expect(server.asked.at(-1)).toBe(index);
    }
  });

  test('429: waits as long as Retry-After says, and then exports every event', async () => {
    for (const index of neededOf(tape)) {
      const { done } = await record(tape, {}, (at, before) =>
        at === index && before === 0
          ? refusal(429, tape.exchanges[index] as Exchange, { 'retry-after': '17' })
          : undefined,
      );
      expect(exportOf(done).csv.toString()).toBe(goldenOf(name));
      expect(done.waits).toEqual([17_000]);
    }
  });

  test.each([
    [429, 'rate-limit'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ])('%d: throws %s once its tries are spent', async (status, kind) => {
    for (const { error, done, server, index } of await spoil(tape, (exchange) => refusal(status, exchange))) {
      expect(error.kind).toBe(kind);
      expect(done.waits).toHaveLength(Number(TRIES) - 1);
      expect(server.asked.filter((at) => at === index)).toHaveLength(Number(TRIES));
    }
  });

  test('HTML under 200: throws `protocol`', async () => {
    for (const { error } of await spoil(tape, () => instead(HTML))) {
      expect(error).toMatchObject({ kind: 'protocol', message: expect.stringContaining('text/html') });
    }
  });

  test('body truncated before its last byte: leaves no file', async () => {
    for (const { error, done } of await spoil(tape, () => cut)) {
      expect(error.kind).toBe('unavailable');
      expect(done.waits).toHaveLength(Number(TRIES) - 1);
    }
  });

  test('redirect: is not followed, and the error names its host alone', async () => {
    const away = ({ request }: Exchange): Fault => {
      const [secret = ''] = Object.values(request.headers).slice(-1);
      const location = `https://evil.example/login?with=${encodeURIComponent(secret)}`;
      return instead({ status: 302, headers: { location }, body: '' });
    };
    for (const { error } of await spoil(tape, away)) {
      expect(error).toMatchObject({
        kind: 'protocol',
        message: expect.stringMatching(/redirects to evil\.example\.$/),
      });
    }
  });

  test.each(tape.required)('field `%s` missing: throws `protocol`', async (field) => {
    const index = tape.exchanges.findIndex(({ response, spare }) => !spare && without(response.body, field) !== null);
    expect(index).toBeGreaterThanOrEqual(0);
    const { response } = tape.exchanges[index] as Exchange;
    const lesser = instead({ ...response, body: without(response.body, field) });
    const { done } = await record(tape, {}, (at) => (at === index ? lesser : undefined));
    expect(failureOf(done).kind).toBe('protocol');
  });

  for (const index of spareOf(tape)) {
    test.each([403, 404])(
      `exchange ${index}, which can be spared, refused with %d: exports every event`,
      async (status) => {
        const fault = refusal(status, tape.exchanges[index] as Exchange);
        const { done } = await record(tape, {}, (at) => (at === index ? fault : undefined));
        expect(exportOf(done).csv.toString()).toBe(goldenOf(name));
      },
    );
  }
});

/** The body without a field (`a.*.b`) or a CSV column, from the first entry on; null where it has no such thing. */
function without(body: unknown, path: string): unknown {
  if (typeof body === 'string') {
    const [header = [], ...rows] = rowsOf(Buffer.from(body));
    const column = header.indexOf(path);
    if (column < 0) return null;
    const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
    return [header, ...rows].map((row) => `${row.toSpliced(column, 1).map(quoted).join(',')}\r\n`).join('');
  }
  const copy = structuredClone(JSON.parse(JSON.stringify(body)));
  const names = path.split('.').map((name) => (name === '*' ? '0' : name));
  const last = names.pop() ?? '';
  const parent = names.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], copy);
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, last)) return null;
  delete (parent as Record<string, unknown>)[last];
  return copy;
}
