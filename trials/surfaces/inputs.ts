/** Inputs, and what the runner says of a run, that hold a text which somebody else chose: a title, a branch of a fork. */

import { DEFAULTS } from '../../src/inputs/defaults.ts';
import type { Given } from './stage.ts';

export interface HostileInput {
  readonly name: string;
  readonly given: (text: string) => Pick<Given, 'inputs' | 'env'>;
  /** Whether it means something with the destination `commit` alone. */
  readonly commits?: boolean;
}

const COMMIT_INPUTS = ['repository', 'branch', 'orphan', 'max-file-size', 'allow-public-repository'];

const input = (name: string, value = (text: string) => text, others = {}): HostileInput => ({
  name: `\`${name}\``,
  given: (text) => ({ inputs: { ...others, [name]: value(text) } }),
  commits: COMMIT_INPUTS.includes(name),
});

const plain = Object.keys(DEFAULTS).filter(
  (name) => !['commit-path', 'commit-message', 'artifact-name'].includes(name),
);

const context = (variable: string): HostileInput => ({
  name: `$${variable}`,
  given: (text) => ({ inputs: {}, env: { [variable]: text } }),
});

let commits = 0;

/** Each input, and each name of the context that is kept in the manifest or stands in a name. */
export const HOSTILE_INPUTS: readonly HostileInput[] = [
  ...plain.map((name) => input(name)),
  ...['initial-from', 'overlap', 'max-window'].map((name) => input(name, (text) => text, { from: 'last-export' })),
  input('path', (text) => `out/${text}`),
  input('filters', (text) => `actor: ${text}`),
  input('filters', (text) => `eventType: a, ${text}`),
  input('filters', (text) => `projectId: p\nsecretPath: ${text}`),
  input('filters', (text) => `${text}: a`),
  input('columns', (text) => `id, ${text}`),
  input('base-url', (text) => `https://${text}`),
  input('base-url', (text) => `https://127.0.0.1/${text}`),
  { ...input('commit-path', (text) => `${text}/{export}`), commits: true },
  { ...input('commit-path', (text) => `a/${text}-{vendor}`), commits: true },
  {
    name: '`commit-message`',
    // Each at a path of its own, else nothing would have to be committed.
    given: (text) => ({ inputs: { 'commit-message': text, 'commit-path': `messages/${++commits}/{export}` } }),
    commits: true,
  },
  { name: 'the name of an input', given: (text) => ({ inputs: {}, env: { [`INPUT_${text.toUpperCase()}`]: 'a' } }) },
  ...['REPOSITORY', 'WORKFLOW', 'RUN_ID', 'RUN_ATTEMPT', 'SHA', 'ACTOR', 'EVENT_NAME'].map((name) =>
    context(`GITHUB_${name}`),
  ),
  ...['HTTPS_PROXY', 'HTTP_PROXY'].map(context),
  ...['GITHUB_API_URL', 'GITHUB_SERVER_URL'].map(context),
];

/** Inputs into which somebody may have put a secret by mistake; an address with the secret in it shows its host, as any address does. */
export const MISPLACED: readonly HostileInput[] = HOSTILE_INPUTS.filter(
  ({ name, commits }) =>
    !commits && !['`token`', '`client-id`', '`client-secret`', '`github-token`', '`base-url`'].includes(name),
).concat(
  input('base-url', (text) => `https://127.0.0.1/${text}`),
  input('base-url', (text) => `https://ada:${text}@example.com`),
);
