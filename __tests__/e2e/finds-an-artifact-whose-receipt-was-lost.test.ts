import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { artifactRoutes } from '../../sandbox/github/artifacts.ts';
import { type ResultsFault, type ResultsService, startResultsService } from '../../sandbox/results-service.ts';
import { github } from './repository.ts';
import { expectGreen, expectRed, run, vendor, WEEK_INPUTS } from './scenario.ts';
import { nextRun } from './stores.ts';

/** Faults of the service's methods, for their calls from the first on; `undefined` lets one pass. */
let faults: Readonly<Record<string, readonly (ResultsFault | undefined)[]>> = {};
let counts = new Map<string, number>();
let results: ResultsService;
beforeAll(async () => {
  results = await startResultsService({
    now: () => Date.now() - 300_000,
    intercept: ({ method }) => {
      const index = counts.get(method) ?? 0;
      counts.set(method, index + 1);
      return faults[method]?.[index];
    },
  });
});
afterAll(() => results.close());

/** The service does what it was asked, and its reply never arrives. */
const lost: ResultsFault = async (req, _res, answer) => {
  await answer();
  req.socket.resetAndDestroy();
};

const broken: ResultsFault = (req) => req.socket.resetAndDestroy();

/** Half of the reply, and then nothing. */
const truncated: ResultsFault = async (_req, res, answer) => {
  const { status, headers, body } = await answer();
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  res.write(Buffer.from(body).subarray(0, 5), () => res.destroy());
};

const ONWARD = { from: 'last-export', 'initial-from': WEEK_INPUTS.from, to: WEEK_INPUTS.to };

/** A run of its own while these faults last, and the artifacts that it leaves. */
async function upload(these: typeof faults, inputs: Readonly<Record<string, string>> = {}) {
  [faults, counts] = [these, new Map()];
  const runId = nextRun();
  const server = await vendor('datafold');
  const hub = await github({ protectedBranches: ['main'] }, { actions: artifactRoutes(results) });
  const given = { results: results.run(runId), env: { GITHUB_RUN_ID: String(runId) } };
  const ran = await run({
    vendor: 'datafold',
    server,
    github: hub,
    ...given,
    with: { org: `org-${runId}`, ...inputs },
  });
  return { ran, artifacts: results.artifacts().filter((one) => one.runId === runId) };
}

test.each<[string, typeof faults]>([
  ['the last reply is lost', { FinalizeArtifact: [lost] }],
  ['the last reply is truncated', { FinalizeArtifact: [truncated] }],
  ['the last reply is lost, and the first search for it fails', { FinalizeArtifact: [lost], ListArtifacts: [broken] }],
  ['the first reply is truncated', { CreateArtifact: [truncated] }],
])('an upload of which %s: the artifact is delivered', async (_, these) => {
  const { ran, artifacts } = await upload(these);
  expectGreen(ran);
  expect(artifacts).toMatchObject([{ id: Number(ran.outputs['artifact-id']), digest: ran.outputs['artifact-digest'] }]);
  expect(ran.outputs['artifact-url']).toMatch(new RegExp(`/artifacts/${artifacts[0]?.id}$`));
});

test('an upload with `from: last-export` whose last reply is lost: the artifact is found, and counts as delivered', async () => {
  const { ran, artifacts } = await upload({ FinalizeArtifact: [lost] }, ONWARD);
  expectGreen(ran);
  expect(ran.outputs).toMatchObject({ 'export-count': '1', 'row-count': '40' });
  expect(artifacts).toMatchObject([{ id: Number(ran.outputs['artifact-id']) }]);
});

test('an upload whose outcome stays unknown: ends red, and says so', async () => {
  const never = Array.from({ length: 9 }, () => broken);
  const { ran, artifacts } = await upload({ FinalizeArtifact: [lost], ListArtifacts: never });
  expectRed(ran, {
    what: 'The artifact service does not say whether it has taken the export.',
    where: 'artifact `datafold-',
    next: 'if it is there, it is whole',
  });
  expect(artifacts).toHaveLength(1);
});

const REFUSED = { destination: 'artifact, commit' };

test('the reply to a removal is lost: the artifact is gone, and the refused commit is the error', async () => {
  const { ran, artifacts } = await upload({ DeleteArtifact: [lost] }, REFUSED);
  expectRed(ran, { what: 'is protected', where: '/graphql', next: 'Commit to a branch of its own' });
  expect(artifacts).toEqual([]);
});

test('a removal that fails: ends red, and says why the artifact has to go', async () => {
  const { ran, artifacts } = await upload({ DeleteArtifact: [broken, broken, broken] }, REFUSED);
  expectRed(ran, {
    what: 'An artifact of this run has to go, and the service did not remove it.',
    where: 'artifact `datafold-',
    next: 'its export was not delivered. Branch `main` of octo-org/octo-repo is protected.',
  });
  expect(artifacts).toHaveLength(1);
});
