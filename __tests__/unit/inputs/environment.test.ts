import { describe, expect, test } from '@jest/globals';
import { ExportError } from '../../../src/base/errors.ts';
import { checkMisplacedSecrets, secretsOf } from '../../../src/inputs/environment.ts';

describe('secretsOf', () => {
  test.each<[proxy: string, secrets: string[]]>([
    ['http://ada:hunter2@proxy:3128', ['hunter2', 'hunter2', 'ada:hunter2']],
    ['http://ada:h%40nter%2F2@proxy', ['h%40nter%2F2', 'h@nter/2', 'ada:h@nter/2']],
    ['http://ada:h@nter/2@proxy', ['h@nter/2', 'h@nter/2', 'ada:h@nter/2']],
    ['ada:hunter2@proxy:3128', ['hunter2', 'hunter2', 'ada:hunter2']],
    ['http://ada:50%@proxy', ['50%', '50%', 'ada:50%']],
    ['http://:hunter2@proxy', ['hunter2', 'hunter2', ':hunter2']],
    ['http://ada:@proxy', []],
    ['http://ada@proxy:3128', []],
    ['http://proxy:3128', []],
    ['', []],
  ])('the proxy %j: returns %j', (proxy, secrets) => {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
      expect(secretsOf({ [name]: proxy })).toEqual(secrets);
    }
  });

  test("the runner's own tokens: are returned too", () => {
    expect(secretsOf({ ACTIONS_RUNTIME_TOKEN: 'r', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'i', OTHER_TOKEN: 'o' })).toEqual([
      'r',
      'i',
    ]);
    expect(secretsOf({})).toEqual([]);
  });
});

describe('checkMisplacedSecrets', () => {
  const secrets = ['hunter2hunter2', 'short'];

  test.each(['org', 'path', 'filters', 'commit-message', 'identity-id'])('a secret in `%s`: throws', (name) => {
    let thrown: unknown;
    try {
      checkMisplacedSecrets({ [`INPUT_${name.toUpperCase()}`]: 'a hunter2hunter2 b' }, secrets);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ExportError);
    expect(thrown).toMatchObject({ kind: 'input', where: `input \`${name}\`` });
    expect(JSON.stringify([thrown, (thrown as Error).message])).not.toContain('hunter2');
  });

  test('a secret in its own input, or one too short to recognise: does not throw', () => {
    const own = ['TOKEN', 'CLIENT-ID', 'CLIENT-SECRET', 'GITHUB-TOKEN'];
    const env = Object.fromEntries(own.map((name) => [`INPUT_${name}`, 'hunter2hunter2']));
    expect(() =>
      checkMisplacedSecrets({ ...env, INPUT_ORG: 'short', INPUT_PATH: undefined, OTHER: 'hunter2hunter2' }, secrets),
    ).not.toThrow();
  });
});
