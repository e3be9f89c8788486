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
const cut: ResultsFault = async (_req, res, answer) => {
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
  ['the last reply is cut', { FinalizeArtifact: [cut] }],
  ['the last reply is lost, and the first look for it fails', { FinalizeArtifact: [lost], ListArtifacts: [broken] }],
  ['the first reply is cut', { CreateArtifact: [cut] }],
])('an artifact is delivered where %s', async (_, these) => {
  const { ran, artifacts } = await upload(these);
  expectGreen(ran);
  expect(artifacts).toMatchObject([{ id: Number(ran.outputs['artifact-id']), digest: ran.outputs['artifact-digest'] }]);
  expect(ran.outputs['artifact-url']).toMatch(new RegExp(`/artifacts/${artifacts[0]?.id}$`));
});

test('so it is where exports go on from each other, and it counts', async () => {
  const { ran, artifacts } = await upload({ FinalizeArtifact: [lost] }, ONWARD);
  expectGreen(ran);
  expect(ran.outputs).toMatchObject({ 'export-count': '1', 'row-count': '40' });
  expect(artifacts).toMatchObject([{ id: Number(ran.outputs['artifact-id']) }]);
});

test('one that nobody can say anything of is an error that says so', async () => {
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

test('one that has to go is gone, although the reply to its removal was lost', async () => {
  const { ran, artifacts } = await upload({ DeleteArtifact: [lost] }, REFUSED);
  expectRed(ran, { what: 'is protected', where: '/graphql', next: 'Commit to a branch of its own' });
  expect(artifacts).toEqual([]);
});

test('one that has to go and stays is an error that says why it has to', async () => {
  const { ran, artifacts } = await upload({ DeleteArtifact: [broken, broken, broken] }, REFUSED);
  expectRed(ran, {
    what: 'An artifact of this run has to go, and the service did not remove it.',
    where: 'artifact `datafold-',
    next: 'its export was not delivered. Branch `main` of octo-org/octo-repo is protected.',
  });
  expect(artifacts).toHaveLength(1);
});
