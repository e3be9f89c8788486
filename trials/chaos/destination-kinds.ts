/** Faults between a run and GitHub's API, the artifact service and the store behind that. */

import type { ErrorKind } from '../../src/base/errors.ts';
import {
  after,
  by,
  changed,
  cut,
  type DestinationKind,
  type DestinationRequest,
  drip,
  hang,
  hangAfter,
  html,
  json,
  lost,
  lostAs,
  packed,
  reset,
  resetInHeaders,
  says,
} from './destination-kind.ts';

type Injection = DestinationKind['inject'];
type Traits = Partial<Pick<DestinationKind, 'meets' | 'loses' | 'times' | 'errors'>>;

const onGitHub = ({ side }: DestinationRequest): boolean => side === 'github';
const onGraphql = ({ side, path }: DestinationRequest): boolean => side === 'github' && path === '/graphql';
/** Requests of the API that make, move or look for a branch. */
const onRefs = ({ side, path }: DestinationRequest): boolean =>
  side === 'github' && /\/graphql$|\/git\/refs/.test(path);
const onHead = ({ side, path }: DestinationRequest): boolean => side === 'github' && /\/git\/ref\//.test(path);
const onTwirp = ({ side, path }: DestinationRequest): boolean =>
  side === 'results' && !/^(?:Upload|Download)$/.test(path);
const onMethod =
  (...methods: readonly string[]) =>
  ({ side, path }: DestinationRequest): boolean =>
    side === 'results' && methods.includes(path);

const makings =
  (prefix: string, own: Traits) =>
  (transient: boolean, errors: readonly ErrorKind[]) =>
  (name: string, inject: Injection, more: Traits = {}): DestinationKind => {
    return {
      name: `${prefix}: ${name}`,
      transient,
      errors,
      loses: false,
      times: 1,
      meets: onGitHub,
      ...own,
      inject,
      ...more,
    };
  };

const github = makings('github', { meets: onGitHub });
const passes = github(true, ['unavailable', 'rate-limit', 'destination']);
const limits = github(true, ['rate-limit']);
const refuses = github(false, ['destination']);

const graphql = makings('graphql', { meets: onGraphql });
const results = makings('results', { meets: onTwirp });
const store = makings('store', { meets: onMethod('Upload', 'Download') });

/** Kinds of error that a failure of the artifact client becomes. */
const ARTIFACT: readonly ErrorKind[] = ['destination', 'unavailable'];
const resultsPass = results(true, ARTIFACT);
const resultsRefuse = results(false, ARTIFACT);
const storePasses = store(true, ARTIFACT);
const storeRefuses = store(false, ARTIFACT);

const message = (text: string) => ({ message: text, documentation_url: 'https://docs.github.com/rest' });
const SECONDARY = message('You have exceeded a secondary rate limit. Please wait a few minutes before you try again.');
const PRIMARY = message('API rate limit exceeded for installation ID 7.');
const errorsOf = (type: string | undefined, text: string) => ({
  data: { createCommitOnBranch: null },
  errors: [{ ...(type !== undefined && { type }), path: ['createCommitOnBranch'], message: text }],
});
const seconds = (random: () => number, most: number): string => String(1 + Math.floor(random() * most));
const MANY = 40;

// biome-ignore format: a table
export const DESTINATION_KINDS: readonly DestinationKind[] = [
  // GitHub: what it refuses.
  refuses('401', json(401, message('Bad credentials')), { errors: ['auth'] }),
  refuses('403', json(403, message('Resource not accessible by integration')), { errors: ['auth'] }),
  refuses('403 for good', json(403, message('Resource not accessible by integration')), { errors: ['auth'], times: Infinity }),
  refuses('404', json(404, message('Not Found')), { errors: ['not-found', 'auth', 'destination'] }),
  refuses('404 for a branch that is there', json(404, message('Not Found')), { errors: ['not-found', 'destination'], meets: onHead }),
  refuses('409', json(409, message('Conflict')), { errors: ['destination', 'auth'] }),
  refuses('409 for a repository that is not empty', json(409, message('Git Repository is empty.')), { errors: ['destination', 'auth'] }),
  refuses('422', json(422, message('Validation Failed')), { errors: ['destination', 'auth'] }),
  refuses('redirect to another origin', says(302, { location: 'http://127.0.0.2:9/elsewhere' })),
  refuses('redirect of what was sent', says(307, { location: 'http://127.0.0.2:9/elsewhere' })),
  refuses('200 with another shape', json(200, { error: 'Something went wrong' }), { errors: ['destination', 'protocol'] }),
  refuses('200 with null', json(200, null), { errors: ['destination', 'protocol', 'unavailable'] }),
  // GitHub: what passes.
  passes('408', says(408)),
  passes('500', json(500, message('Server Error'))),
  passes('502 in HTML', html(502, 'Unicorn! · GitHub')),
  passes('503 that says when', by(({ random }) => says(503, { 'retry-after': seconds(random, 30) }))),
  passes('504', html(504, 'Gateway time-out')),
  passes('503, three times', html(503, 'Unicorn! · GitHub'), { times: 3 }),
  github(false, ['unavailable'])('503 for good', html(503, 'Unicorn! · GitHub'), { times: Infinity }),
  passes('200 with HTML', html(200, 'Log in')),
  passes('200 with nothing', says(200, { 'content-type': 'application/json' })),
  passes('true, as text', changed((answer) => ({ ...answer, headers: { ...answer.headers, 'content-type': 'text/plain' } })), { loses: true }),
  // Its rate limits, in all their forms.
  limits('secondary limit with Retry-After', by(({ random }) => json(403, SECONDARY, { 'retry-after': seconds(random, 60) }))),
  limits('secondary limit as a date', by(({ now }) => json(403, SECONDARY, { 'retry-after': new Date(now() + 40_000).toUTCString() }))),
  limits('secondary limit without a time', json(403, SECONDARY)),
  limits('secondary limit by its old name', json(403, message('You have triggered an abuse detection mechanism.'))),
  limits('429', json(429, SECONDARY)),
  limits('429 with Retry-After', by(({ random }) => json(429, SECONDARY, { 'retry-after': seconds(random, 60) }))),
  limits('primary limit that ends soon', by(({ now }) => json(403, PRIMARY, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(now() / 1000) + 200) }))),
  limits('primary limit as 429', by(({ now }) => json(429, PRIMARY, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(now() / 1000) + 90) }))),
  github(false, ['rate-limit'])('primary limit for an hour', by(({ now }) => json(403, PRIMARY, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(now() / 1000) + 3600) }))),
  github(false, ['rate-limit'])('secondary limit for good', json(403, SECONDARY), { times: Infinity }),
  // Its connections.
  passes('reset', reset),
  passes('reset, three times', reset, { times: 3 }),
  passes('reset inside the headers', resetInHeaders),
  passes('reset after the headers', cut('headers only'), { loses: true }),
  passes('stalled', hang),
  passes('slow drip', drip),
  passes('cut under Content-Length', cut('length'), { loses: true }),
  passes('cut while chunked', cut('chunked'), { loses: true }),
  passes('packed', packed('whole')),
  passes('packed and cut', packed('half'), { loses: true }),
  passes('reply lost', lost, { loses: true }),
  passes('reply lost', lost, { loses: true, meets: onRefs }),
  passes('reply lost behind a 502', lostAs(502), { loses: true, meets: onRefs }),
  passes('reply lost, three times', lost, { loses: true, meets: onRefs, times: 3 }),
  passes('stalled after it acted', hangAfter, { loses: true, meets: onRefs }),
  github(false, ['unavailable'])('every reply lost', lost, { loses: true, times: Infinity }),
  github(false, ['unavailable'])('reset for good', reset, { times: Infinity }),
  // Others at the same branch.
  passes('branch moved before', after(({ otherCommits }) => otherCommits()), { meets: onRefs }),
  passes('branch moved after it was read', async (context) => { await after(() => undefined)(context); context.otherCommits(); }, { meets: onHead }),
  passes('branch moved, five times', after(({ otherCommits }) => otherCommits()), { meets: onRefs, times: 5 }),
  passes('reply lost, and the branch moved', async (context) => { await context.answer(); context.otherCommits(); context.req.socket.resetAndDestroy(); }, { loses: true, meets: onRefs }),
  github(false, ['destination'])('branch moved again and again', after(({ otherCommits }) => otherCommits()), { meets: onRefs, times: MANY }),
  // GraphQL's errors, which come with 200.
  graphql(false, ['auth'])('FORBIDDEN', json(200, errorsOf('FORBIDDEN', 'Resource not accessible by integration'))),
  graphql(false, ['not-found'])('NOT_FOUND', json(200, errorsOf('NOT_FOUND', "Could not resolve to a Repository with the name 'acme/audit'."))),
  graphql(false, ['destination'])('UNPROCESSABLE', json(200, errorsOf('UNPROCESSABLE', 'A path was requested for addition that is invalid'))),
  graphql(false, ['destination'])('BRANCH_PROTECTION_RULE_VIOLATION', json(200, errorsOf('BRANCH_PROTECTION_RULE_VIOLATION', 'Changes must be made through a pull request.'))),
  graphql(false, ['destination'])('of a type that nobody knows', json(200, errorsOf('PLUTO', 'Something is in the way'))),
  graphql(false, ['destination', 'protocol', 'unavailable'])('no commit and no error', json(200, { data: { createCommitOnBranch: null } })),
  graphql(true, ['destination'])('STALE_DATA', json(200, errorsOf('STALE_DATA', 'Expected branch to point to "x" but it did not.  Pull and try again.'))),
  graphql(true, ['destination'])('STALE_DATA, eight times', json(200, errorsOf('STALE_DATA', 'Expected branch to point to "x" but it did not.  Pull and try again.')), { times: 8 }),
  graphql(true, ['rate-limit'])('RATE_LIMITED', json(200, errorsOf('RATE_LIMITED', 'API rate limit exceeded'), { 'retry-after': '30' })),
  graphql(true, ['unavailable'])('something went wrong', json(200, errorsOf(undefined, 'Something went wrong while executing your query. Please include `ABCD:1` when reporting this issue.'))),
  graphql(true, ['unavailable'])('a time-out', json(200, errorsOf('TIMEOUT', 'The query timed out'))),
  graphql(true, ['unavailable'])('something went wrong after it acted', async (context) => { await context.answer(); await json(200, errorsOf(undefined, 'Something went wrong while executing your query.'))(context); }, { loses: true }),
  // The artifact service.
  resultsRefuse('401', json(401, { code: 'unauthenticated', msg: 'invalid token' })),
  resultsRefuse('403', json(403, { code: 'permission_denied', msg: 'not allowed' })),
  resultsRefuse('quota', json(403, { code: 'resource_exhausted', msg: 'insufficient usage to create artifact' })),
  resultsRefuse('404', json(404, { code: 'not_found', msg: 'not found' })),
  resultsRefuse('409', json(409, { code: 'already_exists', msg: 'an artifact with this name already exists on the workflow run' })),
  resultsRefuse('422', json(422, { code: 'invalid_argument', msg: 'unprocessable' })),
  resultsRefuse('200 with another shape', json(200, { ok: false })),
  resultsRefuse('200 without a receipt', changed((answer) => ({ ...answer, body: '{"ok":true}' })), { meets: onMethod('FinalizeArtifact'), loses: true }),
  resultsRefuse('500 for good', json(500, { code: 'internal', msg: 'oops' }), { times: Infinity }),
  resultsRefuse('every reply lost', lost, { times: Infinity, loses: true }),
  resultsPass('429', json(429, { code: 'resource_exhausted', msg: 'slow down' })),
  resultsPass('500', json(500, { code: 'internal', msg: 'oops' })),
  resultsPass('502 in HTML', html(502, 'Bad gateway')),
  resultsPass('503, three times', json(503, { code: 'unavailable', msg: 'busy' }), { times: 3 }),
  resultsPass('504', json(504, { code: 'deadline_exceeded', msg: 'late' })),
  resultsPass('200 with HTML', html(200, 'Log in')),
  resultsPass('redirect to another origin', says(302, { location: 'http://127.0.0.2:9/elsewhere' })),
  resultsPass('reset', reset),
  resultsPass('reset inside the headers', resetInHeaders),
  resultsPass('reset after the headers', cut('headers only'), { loses: true }),
  resultsPass('slow drip', drip),
  resultsPass('cut under Content-Length', cut('length'), { loses: true }),
  resultsPass('cut while chunked', cut('chunked'), { loses: true }),
  resultsPass('reply lost', lost, { loses: true }),
  resultsPass('last reply lost', lost, { loses: true, meets: onMethod('FinalizeArtifact') }),
  resultsPass('last reply lost behind a 502', lostAs(502), { loses: true, meets: onMethod('FinalizeArtifact') }),
  resultsPass('last reply cut', cut('length'), { loses: true, meets: onMethod('FinalizeArtifact') }),
  resultsPass('reply to the removal lost', lost, { loses: true, meets: onMethod('DeleteArtifact') }),
  // The store behind it.
  storeRefuses('403', says(403, { 'x-ms-error-code': 'AuthenticationFailed', 'content-type': 'application/xml' }, '<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code></Error>')),
  storeRefuses('bytes changed on their way down', changed((answer) => ({ ...answer, body: flipped(answer.body) })), { meets: onMethod('Download') }),
  storePasses('500', says(500, { 'x-ms-error-code': 'InternalError' })),
  storePasses('503', says(503, { 'x-ms-error-code': 'ServerBusy' })),
  storePasses('reset', reset),
  storePasses('reply lost', lost),
  storePasses('stalled on its way up', hang, { meets: onMethod('Upload') }),
  storePasses('cut on its way down', cut('length'), { meets: onMethod('Download') }),
];

/** One byte in the middle, changed. */
function flipped(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  const middle = bytes.length >> 1;
  bytes.writeUInt8((bytes.readUInt8(middle) + 1) % 256, middle);
  return bytes;
}
