import { describe, expect, test } from '@jest/globals';
import { type Fault, hang, json, reply, startServer } from '../../sandbox/server.ts';
import { atEnd, type Ran, start, uploads, vendor } from './scenario.ts';

/** A fault that tells when it was met. */
function met(fault: Fault): { fault: Fault; reached: Promise<void> } {
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return {
    reached,
    fault: (req, res, answer) => {
      reach();
      fault(req, res, answer);
    },
  };
}

/** The service's answer to the first call of an upload. */
const created = (link: string): Fault =>
  reply(200, { 'content-type': 'application/json' }, JSON.stringify({ ok: true, signed_upload_url: link }));

/** Points at which the step is interrupted. */
const STAGES = {
  'in mid-export, waiting for an answer': async () => {
    const { fault, reached } = met(hang());
    const server = await vendor('infisical', { intercept: (_, index) => (index > 2 ? fault : undefined) });
    return { server, results: await uploads(), reached };
  },
  'in mid-export, waiting to try again': async () => {
    const { fault, reached } = met(reply(429, { 'content-type': 'application/json', 'retry-after': '300' }, '{}'));
    const server = await vendor('infisical', { intercept: (_, index) => (index > 2 ? fault : undefined) });
    return { server, results: await uploads(), reached };
  },
  'in mid-upload, before the artifact is there': async () => {
    const { fault, reached } = met(hang());
    return { server: await vendor('infisical'), results: await uploads(fault), reached };
  },
  // What the answer allows would go on with files that are gone.
  'in mid-upload, as an answer comes': async () => {
    const link = `http://127.0.0.1:9/sandbox/artifacts/blob?sig=${'c2lnbmF0dXJl'.repeat(4)}`;
    const { fault, reached } = met((...asked) => setTimeout(() => created(link)(...asked), 5));
    return { server: await vendor('infisical'), results: await uploads(fault), reached };
  },
  'in mid-upload, while the bytes go': async () => {
    const { fault, reached } = met(hang());
    const blobs = await startServer(() => json(201, {}), { intercept: () => fault });
    atEnd(blobs.close);
    const link = `${blobs.origin}/sandbox/artifacts/blob?sig=${'c2lnbmF0dXJl'.repeat(4)}`;
    return { server: await vendor('infisical'), results: await uploads(created(link)), reached };
  },
};

describe.each(Object.entries(STAGES))('interrupted %s', (_, stage) => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s: the step ends within two seconds, and leaves nothing',
    async (signal) => {
      const { server, results, reached } = await stage();
      const running = await start({ vendor: 'infisical', server, results });
      await reached;
      const began = performance.now();
      running.kill(signal);
      const ran = await running.ran;
      expect(performance.now() - began).toBeLessThan(3000);
      expectInterrupted(ran, signal);
    },
  );
});

test('interrupted with `destination: file`: nothing is left in the workspace', async () => {
  const { server, reached } = await STAGES['in mid-export, waiting for an answer']();
  const running = await start({ vendor: 'infisical', server, with: { path: 'logs', destination: 'file' } });
  await reached;
  running.kill('SIGTERM');
  expectInterrupted(await running.ran, 'SIGTERM');
});

function expectInterrupted(ran: Ran, signal: string): void {
  expect({ exitCode: ran.exitCode, signal: ran.signal, stderr: ran.stderr }).toEqual({
    exitCode: 130,
    signal: null,
    stderr: '',
  });
  expect(ran.left).toEqual([]);
  expect(ran.annotations).toEqual([]);
  expect(Object.keys(ran.outputs).sort()).toEqual(['from', 'to']);
  expect(ran.summary).not.toContain('✅');
  // Not inside a group, where nobody would see it.
  expect(ran.log).toMatch(new RegExp(`##\\[endgroup\\]\nInterrupted by ${signal}\\. .*\n$`));
}
