import { suggestion } from '../base/did-you-mean.ts';
import { ExportError, inputError } from '../base/errors.ts';

/** Environment variables, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the environment variable of an input: `base-url` → `INPUT_BASE-URL`. */
export const variableOf = (input: string): string => `INPUT_${input.toUpperCase()}`;

/**
 * Throws `input` for an input that does not exist. The runner only warns of it, and `form:` for `from:` would then export
 * another window.
 */
export function checkInputNames(env: Environment, known: readonly string[]): void {
  for (const variable of Object.keys(env)) {
    const name = variable.startsWith('INPUT_') ? variable.slice(6).toLowerCase() : known[0];
    if (name === undefined || known.includes(name)) continue;
    throw inputError(name, `There is no input \`${name}\`${suggestion(name, known)}`, `Inputs: ${known.join(', ')}.`);
  }
}

/** Throws `input` where the environment switches off the check of TLS certificates. */
export function requireVerifiedTls(env: Environment): void {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return;
  throw new ExportError(
    'input',
    '`NODE_TLS_REJECT_UNAUTHORIZED` is `0`, so that anybody on the way could read the token and change the events.',
    {
      where: 'environment of the step',
      next: 'Remove it; name your own certificate authority in `NODE_EXTRA_CA_CERTS`.',
    },
  );
}

/** Returns the proxy variables of the environment, in either case of their names. */
export function readProxies(env: Environment): Record<string, string | undefined> {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

/** The inputs that may hold secrets. */
const SECRET_INPUTS = ['token', 'client-id', 'client-secret', 'github-token'];
/** A shorter secret may stand in another input by coincidence. */
const LEAST_SECRET = 8;

/** Throws `input` for a secret in another input: it would be shown in the log, or end up in an address or a path. */
export function checkMisplacedSecrets(env: Environment, secrets: readonly string[]): void {
  const long = secrets.filter((secret) => secret.length >= LEAST_SECRET);
  for (const [variable, value = ''] of Object.entries(env)) {
    if (!variable.startsWith('INPUT_')) continue;
    const name = variable.slice(6).toLowerCase();
    if (SECRET_INPUTS.includes(name) || !long.some((secret) => value.includes(secret))) continue;
    throw inputError(
      name,
      'The value holds a secret of this step (not shown).',
      'Check which value belongs to which input.',
    );
  }
}

/** Returns the secrets of the environment beside the inputs: passwords of proxies, and the runner's own tokens. */
export function secretsOf(env: Environment): string[] {
  const passwords = Object.values(readProxies(env)).flatMap((proxy) => {
    const [, user = '', password = ''] = /^(?:\w+:\/\/)?([^/:@]*):(?!\/\/)(.*)@/.exec(proxy ?? '') ?? [];
    return password === '' ? [] : [password, decoded(password), `${decoded(user)}:${decoded(password)}`];
  });
  const tokens = [env['ACTIONS_RUNTIME_TOKEN'], env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']];
  return [...passwords, ...tokens].filter((secret) => secret !== undefined);
}

/** Undoes percent-encoding; returns a text whose encoding is broken as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
