import { ExportError, inputError } from '../base/errors.ts';
import { maskEverywhere } from '../base/secrets.ts';
import type { Credentials, Vendor } from '../vendors/contract.ts';
import { checkMisplacedSecrets, type Environment, secretsOf } from './environment.ts';

/** The inputs that hold credentials; '' where one was left out. */
export interface CredentialInputs {
  readonly token: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly identityId: string;
}

/** Masks every secret of the step, then reads the inputs that hold credentials. Throws `input` for a misplaced secret. */
export function readSecrets(
  env: Environment,
  get: (name: 'token' | 'client-id' | 'client-secret' | 'identity-id' | 'github-token') => string,
  mask: (form: string) => void,
): CredentialInputs {
  const [token, clientId, clientSecret] = [get('token'), get('client-id'), get('client-secret')];
  const secrets = [token, clientSecret, get('github-token'), ...secretsOf(env)];
  for (const secret of [clientId, ...secrets]) maskEverywhere(secret, mask);
  checkMisplacedSecrets(env, secrets);
  return { token, clientId, clientSecret, identityId: get('identity-id') };
}

/**
 * Returns the one kind of credentials that is given. Throws `input` where none or more than one is given, the vendor does
 * not have the kind, or a value fits into no header. The value is never shown.
 */
export function readCredentials(
  { token, clientId, clientSecret, identityId }: CredentialInputs,
  vendor: Vendor,
  mintIdToken: () => Promise<string>,
): Credentials {
  const forms = vendor.login
    ? 'Give one of `token`; `client-id` and `client-secret`; `identity-id` (with `permissions: id-token: write`).'
    : 'Give `token`, from a secret of the repository.';
  const given = Object.entries({
    token,
    'client-id': clientId,
    'client-secret': clientSecret,
    'identity-id': identityId,
  })
    .filter(([, value]) => value !== '')
    .map(([name]) => name);
  const client = clientId !== '' || clientSecret !== '';
  if (!vendor.login && (client || identityId !== '')) {
    throw inputError(given.find((name) => name !== 'token') ?? 'token', `${vendor.name} has no such log-in.`, forms);
  }
  const kinds = [token !== '', client, identityId !== ''].filter(Boolean).length;
  if (kinds === 0)
    throw inputError(
      'token',
      'No credentials are given; an empty secret counts as none.',
      `${forms} ${vendor.guide.token}`,
    );
  if (kinds > 1) throw inputError(given[0] ?? 'token', 'More than one kind of credentials is given.', forms);
  if (identityId !== '') {
    return { kind: 'identity', identityId: printable(identityId, 'identity-id'), mintIdToken: permitted(mintIdToken) };
  }
  if (token !== '') return { kind: 'token', token: printable(token, 'token') };
  if (clientId === '' || clientSecret === '') {
    throw inputError(
      clientId === '' ? 'client-id' : 'client-secret',
      '`client-id` and `client-secret` go together.',
      forms,
    );
  }
  return {
    kind: 'client',
    clientId: printable(clientId, 'client-id'),
    clientSecret: printable(clientSecret, 'client-secret'),
  };
}

/** Throws `input` for a credential that does not fit into a header. The value is never shown. */
function printable(secret: string, name: string): string {
  if (/^[\x21-\x7e]+$/.test(secret)) return secret;
  throw inputError(
    name,
    'The value has blanks, line breaks or characters outside ASCII.',
    'Copy it into the secret again, without quotes.',
  );
}

/** Throws `auth` where the workflow may not mint a token. */
const permitted = (mintIdToken: () => Promise<string>) => async () => {
  try {
    return await mintIdToken();
  } catch (cause) {
    throw new ExportError('auth', 'The workflow has no OIDC token to log in with.', {
      where: 'input `identity-id`',
      next: 'Give the job `permissions: id-token: write`; workflows of forks cannot have it.',
      cause,
    });
  }
};
