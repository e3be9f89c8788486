import { ExportError } from '../base/errors.ts';
import type { Vendor } from '../vendors/contract.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Returns the one origin (`https://host[:port]`) that an export talks to: the vendor's default, one of its regions, or the
 * URL of a self-hosted installation. Plain http is for loopback alone. Throws `input`.
 */
export function resolveOrigin(baseUrl: string | undefined, vendor: Vendor): string {
  const regions = Object.keys(vendor.hosts);
  const fallback = vendor.hosts[regions[0] ?? ''];
  const region = baseUrl === undefined ? fallback : new Map(Object.entries(vendor.hosts)).get(baseUrl);
  if (region !== undefined) return region;
  const url = URL.parse(baseUrl ?? '');
  const wrong = url === null ? 'is not an URL' : flaw(url);
  if (url && wrong === null) return url.origin;
  const named = regions.length > 1 ? `${regions.map((name) => `\`${name}\``).join(', ')}, or ` : '';
  throw new ExportError('input', `\`${baseUrl?.includes('@') ? '(not shown)' : baseUrl}\` ${wrong}.`, {
    where: 'input `base-url`',
    next: `Write ${named}an origin such as \`https://audit.example.com\`; left out, it is ${fallback}.`,
  });
}

/** Checks an origin that the environment names; a path may follow. Returns it without a slash at its end. Throws `input`. */
export function checkOrigin(text: string, name: string): string {
  const url = URL.parse(text);
  // `url.origin` will not do: that of `blob:https://…` is the one inside.
  const wrong = url === null ? 'is not an URL' : flaw(URL.parse(`${url.protocol}//${url.host}`) ?? url);
  if (url && wrong === null && !url.username && !url.password && !url.search && !url.hash)
    return url.href.replace(/\/+$/, '');
  throw new ExportError('input', `The address of GitHub ${wrong ?? 'has more than an origin and a path'}.`, {
    where: name,
    next: 'Leave it as the runner sets it, such as `https://api.github.com`.',
  });
}

/** Returns how a sentence about the URL ends that says what is wrong; null where nothing is. */
function flaw(url: URL): string | null {
  if (url.username || url.password) return 'has a user name or a password in it';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname))) {
    return 'is not https, and only a server on this machine may do without';
  }
  if (url.search || url.hash || /[?#]$/.test(url.href)) return 'has a query or a fragment';
  if (url.pathname !== '/') return 'has a path; the exporter adds the documented one itself';
  return null;
}
