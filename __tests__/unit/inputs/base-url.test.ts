import { describe, expect, test } from '@jest/globals';
import { ExportError } from '../../../src/base/errors.ts';
import { checkOrigin, resolveOrigin } from '../../../src/inputs/base-url.ts';
import type { Vendor } from '../../../src/vendors/contract.ts';
import { vendors } from '../../../src/vendors/index.ts';

function vendorOf(id: string): Vendor {
  const vendor = vendors.get(id);
  if (vendor === undefined) throw new Error(`No vendor ${id}`);
  return vendor;
}
const kosli = vendorOf('kosli');

function refusal(baseUrl: string, vendor = kosli): ExportError {
  try {
    resolveOrigin(baseUrl, vendor);
  } catch (error) {
    if (error instanceof ExportError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('resolveOrigin: a region', () => {
  test.each([
    ['kosli', undefined, 'https://app.kosli.com'],
    ['kosli', 'eu', 'https://app.kosli.com'],
    ['kosli', 'us', 'https://app.us.kosli.com'],
    ['infisical', undefined, 'https://us.infisical.com'],
    ['infisical', 'us', 'https://us.infisical.com'],
    ['infisical', 'eu', 'https://eu.infisical.com'],
    ['datafold', undefined, 'https://app.datafold.com'],
    ['datafold', 'us', 'https://app.datafold.com'],
    ['datafold', 'eu', 'https://eu.datafold.com'],
    ['aitronos', undefined, 'https://api.aitronos.com'],
    ['codacy', undefined, 'https://app.codacy.com'],
  ])('vendor %s, region %s: returns %s', (id, region, origin) => {
    expect(resolveOrigin(region, vendorOf(id))).toBe(origin);
  });

  test.each(['EU', 'asia', 'constructor', 'toString', 'hasOwnProperty', '__proto__'])(
    'an unknown region, %s: throws',
    (region) => {
      expect(refusal(region)).toMatchObject({
        kind: 'input',
        message: `\`${region}\` is not an URL.`,
        where: 'input `base-url`',
        next: 'Write `eu`, `us`, or an origin such as `https://audit.example.com`; left out, it is https://app.kosli.com.',
      });
    },
  );

  test('a region of a vendor with one host: throws', () => {
    expect(refusal('eu', vendorOf('codacy')).next).toBe(
      'Write an origin such as `https://audit.example.com`; left out, it is https://app.codacy.com.',
    );
  });
});

describe('resolveOrigin: a URL', () => {
  test.each([
    ['https://audit.example.com', 'https://audit.example.com'],
    ['https://audit.example.com/', 'https://audit.example.com'],
    ['https://AUDIT.example.com:443', 'https://audit.example.com'],
    ['https://audit.example.com:8443', 'https://audit.example.com:8443'],
    ['https://[2001:db8::1]:8443', 'https://[2001:db8::1]:8443'],
    ['https://10.0.0.1', 'https://10.0.0.1'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['http://[0:0:0:0:0:0:0:1]', 'http://[::1]'],
    ['https://localhost', 'https://localhost'],
  ])('%s: returns the origin %s', (baseUrl, origin) => {
    expect(resolveOrigin(baseUrl, kosli)).toBe(origin);
  });

  const OPEN = 'is not https, and only a server on this machine may do without';
  const MORE = 'has a query or a fragment';
  const PATH = 'has a path; the exporter adds the documented one itself';

  test.each([
    ['http://audit.example.com', OPEN],
    ['http://localhost.example.com', OPEN],
    ['http://127.0.0.1.example.com', OPEN],
    ['http://[2001:db8::1]', OPEN],
    ['http://0.0.0.0', OPEN],
    ['ftp://localhost', OPEN],
    ['ws://127.0.0.1', OPEN],
    ['file:///etc/passwd', OPEN],
    ['javascript:alert(1)', OPEN],
    ['localhost:8080', OPEN],
    ['https://audit.example.com/?a=b', MORE],
    ['https://audit.example.com?', MORE],
    ['https://audit.example.com#top', MORE],
    ['https://audit.example.com/#', MORE],
    ['https://audit.example.com/api/v2', PATH],
    ['https://audit.example.com//', PATH],
    ['audit.example.com', 'is not an URL'],
    ['https://', 'is not an URL'],
    ['https://a b', 'is not an URL'],
    ['https://audit.example.com:99999', 'is not an URL'],
  ])('%s: throws, since it %s', (baseUrl, flaw) => {
    const error = refusal(baseUrl);
    expect(error).toMatchObject({ kind: 'input', message: `\`${baseUrl}\` ${flaw}.`, where: 'input `base-url`' });
    expect(error.next).toContain('`https://audit.example.com`');
  });

  test('a host that is too long: throws, although `URL.canParse` accepts it', () => {
    const error = refusal(`https://${'P'.repeat(20_000)}`);
    expect(error).toMatchObject({ kind: 'input', message: expect.stringMatching(/ is not an URL\.$/) });
  });

  test.each([
    'https://robot:hunter2@audit.example.com',
    'https://hunter2@audit.example.com',
    'https://:hunter2@audit.example.com',
    'http://robot:hunter2@localhost',
    'ftp://robot:hunter2@audit.example.com/path?query#fragment',
    'https://robot:hunter2@audit.example.com:99999',
    'https://robot:hunter2@audit example.com',
  ])('a password, in %s: throws without showing the URL', (baseUrl) => {
    const error = refusal(baseUrl);
    expect(error).toMatchObject({ kind: 'input', where: 'input `base-url`' });
    expect(`${error.message} ${error.next} ${error.stack}`).not.toContain('hunter2');
  });
});

describe(`the URL of GitHub's API`, () => {
  test.each([
    ['https://api.github.com', 'https://api.github.com'],
    ['https://api.github.com/', 'https://api.github.com'],
    ['https://ghe.acme.test/api/v3', 'https://ghe.acme.test/api/v3'],
    ['https://ghe.acme.test:8443/api/v3//', 'https://ghe.acme.test:8443/api/v3'],
    ['https://API.GitHub.com:443', 'https://api.github.com'],
    ['http://127.0.0.1:4711', 'http://127.0.0.1:4711'],
    ['http://localhost:4711/api/v3', 'http://localhost:4711/api/v3'],
  ])('%s: returns %s', (text, origin) => {
    expect(checkOrigin(text, 'GITHUB_API_URL')).toBe(origin);
  });

  test.each([
    ['', 'is not an URL'],
    ['api.github.com', 'is not an URL'],
    ['http://api.github.com', 'is not https'],
    ['http://127.0.0.1.evil.test', 'is not https'],
    ['ftp://api.github.com', 'is not https'],
    ['file:///etc/passwd', 'is not https'],
    ['javascript:alert(1)', 'is not https'],
    ['blob:https://api.github.com/1', 'is not https'],
    ['https://api.github.com?x=hunter2', 'more than an origin and a path'],
    ['https://api.github.com/#hunter2', 'more than an origin and a path'],
    ['https://robot:hunter2@api.github.com', 'more than an origin and a path'],
    ['https://hunter2@api.github.com/api/v3', 'more than an origin and a path'],
  ])('%j: throws without showing the URL, since it %s', (text, why) => {
    let error: unknown;
    try {
      checkOrigin(text, 'GITHUB_API_URL');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ kind: 'input', where: 'GITHUB_API_URL', message: expect.stringContaining(why) });
    const { message, next, stack } = error as ExportError;
    expect(`${message} ${next} ${stack}`).not.toContain('hunter2');
  });
});
