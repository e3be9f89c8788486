const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** The redirects that are followed: a renamed repository has one, more go in a circle. */
const MOST_REDIRECTS = 5;

/**
 * Works as `fetch`, for GitHub's API. Follows a redirect to another path, such as that of a renamed repository, and
 * never one to another origin, which would be sent the export. A redirect that is not followed becomes a 421 with JSON
 * in GitHub's form.
 */
export async function fetchSameOrigin(url: string, init: RequestInit): Promise<Response> {
  let at = new URL(url);
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(at, { ...init, redirect: 'manual' });
    if (!REDIRECTS.includes(response.status)) return response;
    await response.body?.cancel();
    const to = URL.parse(response.headers.get('location') ?? 'none:', at.href);
    const verbatim = response.status >= 307 || init.method === 'GET';
    if (to?.origin !== at.origin) return misdirected(`A redirect to ${originOf(to)} was not followed.`);
    if (!verbatim || redirects >= MOST_REDIRECTS) return misdirected(`A redirect to ${to.pathname} was not followed.`);
    at = to;
  }
}

const originOf = (url: URL | null): string => (url === null || url.origin === 'null' ? 'nowhere' : url.origin);

const misdirected = (message: string): Response => Response.json({ message }, { status: 421 });
