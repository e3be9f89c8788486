/** How a secret comes back where somebody echoes it: written apart from the exporter's own list, to hold it to account. */

type Encoding = readonly [name: string, text: string];

/**
 * A secret as it is, JSON-escaped, URL-encoded in four ways, in hex of either case, and in base64 and base64url wherever
 * in a longer text it begins: what stays of it there whatever stands around it.
 */
export function encodingsOf(secret: string): readonly Encoding[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].flatMap((shift): Encoding[] => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const part = text.slice(shift === 0 ? 0 : shift + 1, (bytes.length + shift) % 3 === 0 ? undefined : -1);
    return [
      [`base64 at offset ${shift}`, part],
      [`base64url at offset ${shift}`, part.replaceAll('+', '-').replaceAll('/', '_')],
      [`base64 at offset ${shift}, URL-encoded`, encodeURIComponent(part)],
    ];
  });
  return [
    ['raw', secret],
    ['JSON-escaped', JSON.stringify(secret).slice(1, -1)],
    ['URL-encoded', encodeURIComponent(secret.toWellFormed())],
    [
      'URL-encoded, lower-case',
      encodeURIComponent(secret.toWellFormed()).replaceAll(/%../g, (one) => one.toLowerCase()),
    ],
    ['URL-encoded twice', encodeURIComponent(encodeURIComponent(secret.toWellFormed()))],
    ['as a field of a form', new URLSearchParams({ '': secret }).toString().slice(1)],
    ['hex', bytes.toString('hex')],
    ['upper-case hex', bytes.toString('hex').toUpperCase()],
    ...base64,
  ];
}
