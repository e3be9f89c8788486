import { describe, expect, test } from '@jest/globals';
import { ExportError } from '../../../src/base/errors.ts';
import { type CredentialInputs, readCredentials } from '../../../src/inputs/credentials.ts';
import type { Credentials, Vendor } from '../../../src/vendors/contract.ts';
import { vendors } from '../../../src/vendors/index.ts';

const all = [...vendors.values()];
const withLogin = all.filter(({ login }) => login !== undefined);
const withoutLogin = all.filter(({ login }) => login === undefined);

const read = (
  given: Partial<CredentialInputs>,
  vendor: Vendor,
  mint: () => Promise<string> = async () => 'jwt',
): Credentials =>
  readCredentials({ token: '', clientId: '', clientSecret: '', identityId: '', ...given }, vendor, mint);

function refusal(given: Partial<CredentialInputs>, vendor: Vendor): ExportError {
  try {
    read(given, vendor);
  } catch (error) {
    if (error instanceof ExportError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

const INPUT_OF = { token: 'token', clientId: 'client-id', clientSecret: 'client-secret', identityId: 'identity-id' };
/** The inputs that were given, as `where` may name them. */
const givenInputs = (given: Partial<CredentialInputs>): string[] =>
  Object.keys(given).map((name) => `input \`${INPUT_OF[name as keyof CredentialInputs]}\``);

test('the registry: has vendors with and without a log-in', () => {
  expect(withLogin.map(({ id }) => id)).toEqual(['infisical']);
  expect(withoutLogin).toHaveLength(4);
});

describe.each(all)('readCredentials for $name', (vendor) => {
  test('a token: is accepted', () => {
    expect(read({ token: 't0ken' }, vendor)).toEqual({ kind: 'token', token: 't0ken' });
  });

  test('no credentials: throws, and says where to get them', () => {
    const error = refusal({}, vendor);
    expect(error).toMatchObject({ kind: 'input', where: 'input `token`' });
    expect(error.message).toContain('an empty secret counts as none');
    expect(error.next).toContain(vendor.guide.token);
  });

  test.each(['two words', 'two\nlines', 'tab\there', 'nul\0l', 'tökén', '“quoted”'])(
    'the token %j: throws without showing the token',
    (token) => {
      const error = refusal({ token }, vendor);
      expect(error).toMatchObject({ kind: 'input', where: 'input `token`' });
      expect(`${error.message} ${error.next} ${error.stack}`).not.toContain(token);
    },
  );
});

describe.each(withoutLogin)('readCredentials for $name, which has no log-in', (vendor) => {
  test.each<Partial<CredentialInputs>>([
    { clientId: 'id-1234' },
    { clientSecret: 'secret-1234' },
    { clientId: 'id-1234', clientSecret: 'secret-1234' },
    { identityId: 'machine-1234' },
  ])('%j, with or without a token: throws', (given) => {
    for (const token of ['', 't0ken-1234']) {
      const error = refusal({ ...given, token }, vendor);
      expect(error).toMatchObject({
        kind: 'input',
        message: `${vendor.name} has no such log-in.`,
        next: 'Give `token`, from a secret of the repository.',
      });
      expect(givenInputs(given)).toContain(error.where);
      expect(`${error.message} ${error.next}`).not.toContain('-1234');
    }
  });
});

describe.each(withLogin)('readCredentials for $name, which has a log-in', (vendor) => {
  test('a client id with its secret: is accepted', () => {
    expect(read({ clientId: 'id', clientSecret: 's' }, vendor)).toEqual({
      kind: 'client',
      clientId: 'id',
      clientSecret: 's',
    });
  });

  test("an identity: the workflow's OIDC token is minted when it is needed", async () => {
    let minted = 0;
    const credentials = read({ identityId: 'machine' }, vendor, async () => `jwt-${++minted}`);
    expect(credentials).toMatchObject({ kind: 'identity', identityId: 'machine' });
    if (credentials.kind !== 'identity') throw new Error(credentials.kind);
    expect(minted).toBe(0);
    expect([await credentials.mintIdToken(), await credentials.mintIdToken()]).toEqual(['jwt-1', 'jwt-2']);
  });

  test('no OIDC token can be minted: throws, and names the missing permission', async () => {
    const cause = new Error('Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable');
    const credentials = read({ identityId: 'machine' }, vendor, () => Promise.reject(cause));
    if (credentials.kind !== 'identity') throw new Error(credentials.kind);
    await expect(credentials.mintIdToken()).rejects.toMatchObject({
      kind: 'auth',
      where: 'input `identity-id`',
      next: expect.stringContaining('`permissions: id-token: write`'),
      cause,
    });
  });

  test.each<Partial<CredentialInputs>>([
    { token: 't-1234', clientId: 'id-1234', clientSecret: 's-1234' },
    { token: 't-1234', clientId: 'id-1234' },
    { token: 't-1234', clientSecret: 's-1234' },
    { token: 't-1234', identityId: 'm-1234' },
    { clientId: 'id-1234', clientSecret: 's-1234', identityId: 'm-1234' },
    { clientSecret: 's-1234', identityId: 'm-1234' },
    { token: 't-1234', clientId: 'id-1234', clientSecret: 's-1234', identityId: 'm-1234' },
  ])('two kinds of credentials, %j: throws', (given) => {
    const error = refusal(given, vendor);
    expect(error).toMatchObject({ kind: 'input', message: 'More than one kind of credentials is given.' });
    expect(givenInputs(given)).toContain(error.where);
    for (const input of Object.values(INPUT_OF)) expect(error.next).toContain(`\`${input}\``);
    expect(`${error.message} ${error.next}`).not.toContain('-1234');
  });

  test.each<[Partial<CredentialInputs>, missing: string]>([
    [{ clientId: 'id' }, 'client-secret'],
    [{ clientSecret: 's' }, 'client-id'],
  ])('%j: throws, since %s is missing', (given, missing) => {
    expect(refusal(given, vendor)).toMatchObject({
      kind: 'input',
      message: '`client-id` and `client-secret` go together.',
      where: `input \`${missing}\``,
    });
  });

  test.each<[Partial<CredentialInputs>, input: string]>([
    [{ clientId: 'an id', clientSecret: 's' }, 'client-id'],
    [{ clientId: 'id', clientSecret: 'a secret' }, 'client-secret'],
    [{ identityId: 'a machine' }, 'identity-id'],
  ])('a blank in %j: throws', (given, input) => {
    expect(refusal(given, vendor)).toMatchObject({ kind: 'input', where: `input \`${input}\`` });
  });
});
