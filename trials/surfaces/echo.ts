/** Runs in which a secret comes back, in every form and place, and on which surfaces it was seen then. */

import type { VendorId } from '../../sandbox/ledger.ts';
import { attack, openTarget, type Target } from './attack.ts';
import { encodingsOf } from './encodings.ts';
import type { HostileInput } from './inputs.ts';
import { leaksOf } from './judge.ts';
import type { Given, Performed, Stage } from './stage.ts';
import type { OwnPlace } from './vendors.ts';

/** Every secret that a run may hold, each made of characters that other programs write in other ways. */
export const SECRETS = {
  token: 'sbx/Zm9v+"8fQ&%41=?>>~~>k0',
  'client-id': 'machine-2b1c5f0e-7a44-4d1b',
  'client-secret': "st.s3cr3t/+of?the=machine~>'(x)",
  'identity token': 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvIn0.c2lnbmF0dXJl-_x',
  'access token': 'sbx/Zm9v+"8fQ&%41=?>>~~>k0.1',
  'github-token': 'ghs_q7Xo2LrbWm0TzKc5VhYd8NsEuJ3pFaG1iB4x',
  'password of a proxy': 'hunter2/hunter2+p@ss',
  'runtime token': 'eyJ0eXAiOiJKV1QifQ.eyJzY3AiOiJBY3Rpb25zLlJlc3VsdHMifQ.cnVudGltZQ',
  'request token': 'cmVxdWVzdC10b2tlbi1mb3ItaWQ',
} as const;

export type SecretName = keyof typeof SECRETS;

/** How a run may log in; Infisical alone has more than one. */
export const LOG_INS = {
  token: { inputs: { token: SECRETS.token } },
  client: { inputs: { token: '', 'client-id': SECRETS['client-id'], 'client-secret': SECRETS['client-secret'] } },
  identity: {
    inputs: { token: '', 'client-id': '', 'client-secret': '', 'identity-id': 'identity-7a44' },
    idToken: SECRETS['identity token'],
  },
} as const;

export type LogIn = keyof typeof LOG_INS;

/** Secrets that each run has beside its log-in, none of them the vendor's. The proxy is not for loopback. */
const AROUND = {
  GITHUB_API_URL: 'http://127.0.0.1:9',
  HTTPS_PROXY: `http://ada:${encodeURIComponent(SECRETS['password of a proxy'])}@127.0.0.1:9`,
  ACTIONS_RUNTIME_TOKEN: SECRETS['runtime token'],
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: SECRETS['request token'],
};

/** A vendor that all these log-ins open. */
export const openEchoTarget = (vendor: VendorId): Promise<Target> =>
  openTarget(vendor, {
    token: SECRETS.token,
    client: { clientId: SECRETS['client-id'], clientSecret: SECRETS['client-secret'] },
    identity: { identityId: 'identity-7a44', jwt: SECRETS['identity token'] },
  });

const givenFor = (logIn: LogIn): Given => {
  const { inputs } = LOG_INS[logIn];
  const idToken = logIn === 'identity' ? { idToken: LOG_INS.identity.idToken } : {};
  return { inputs: { ...inputs, 'github-token': SECRETS['github-token'] }, env: AROUND, ...idToken };
};

/** The secrets that a run with this log-in knows when it meets such a place. */
export const secretsOf = (logIn: LogIn, place: OwnPlace): readonly SecretName[] => {
  const own: Record<LogIn, readonly SecretName[]> = {
    token: ['token'],
    client: ['client-id', 'client-secret', 'access token'],
    identity: ['identity token', 'access token'],
  };
  const known = own[logIn].filter((name) => name !== 'access token' || !place.logIn);
  return [...known, 'github-token', 'password of a proxy', 'runtime token', 'request token'];
};

/** Echoes of a secret: bare, and in words. */
export const echoesOf = (secret: string): readonly string[] =>
  encodingsOf(secret).flatMap(([, form]) => [form, `No access for ${form}, sorry`]);

/** The log-ins that lead to such a place. */
export const logInsOf = (vendor: VendorId, place: OwnPlace): readonly LogIn[] => {
  if (vendor !== 'infisical') return ['token'];
  return place.inputs === undefined ? ['token', 'client', 'identity'] : ['client', 'identity'];
};

/** One run whose vendor says a secret of it. The table's own cells and heads are the vendor's to choose. */
export async function echo(
  stage: Stage,
  target: Target,
  logIn: LogIn,
  place: OwnPlace,
  text: string,
): Promise<{ run: Performed; leaks: string[] }> {
  const asked = place.asked ?? (({ method }) => method !== 'POST');
  const run = await attack(stage, target, { ...place, asked }, text, givenFor(logIn));
  const isTable = (path: string) => /\.csv$|datapackage\.json$/.test(path);
  const left = place.table ? new Map([...run.left].filter(([path]) => !isTable(path))) : run.left;
  return { run, leaks: leaksOf({ ...run, left }, SECRETS) };
}

/** One run in which a secret stands where another input was meant to be; what is green is as the user wished. */
export async function misplace(
  stage: Stage,
  target: Target,
  { given }: HostileInput,
  base: Readonly<Record<string, string>>,
  text: string,
): Promise<{ run: Performed; leaks: string[] }> {
  const { inputs, env } = given(text);
  const around = givenFor('token');
  target.answer = null;
  const run = await stage.perform({
    inputs: { ...base, ...around.inputs, ...inputs },
    env: { ...around.env, ...env },
  });
  return { run, leaks: run.error === null ? [] : leaksOf(run, SECRETS) };
}
