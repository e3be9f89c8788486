import { ExportError } from './errors.ts';

/** Forms that are shorter are taken for chance: with them, hardly a word could be shown. */
const MIN_FORM_LENGTH = 4;
/** So many characters of a form in a row give it away, as where a vendor quotes the first half of a token. */
const MATCH_LENGTH = 16;

/** The secrets of a run. */
export interface Secrets {
  /** Has a form of a secret masked in the log, and remembers it. */
  readonly mask: (form: string) => void;
  /** The text with `***` for all that is a part of a secret, in either case of its letters. */
  readonly redact: (text: string) => string;
}

/** @param mask has the value replaced by `***` in every log from here on */
export function openSecrets(mask: (form: string) => void): Secrets {
  const masked = new Set<string>();
  const matchesByLength = new Map<number, Set<string>>();

  const remember = (form: string): void => {
    const plain = lowerCase(form);
    const length = Math.min(form.length, MATCH_LENGTH);
    const known = matchesByLength.get(length) ?? new Set();
    for (let at = 0; at + length <= plain.length; at++) {
      const match = plain.slice(at, at + length);
      // `Bearer <token>` is a form, too, and what stands before a token in a sentence is no part of it.
      if (match.trim() === match || length === plain.length) known.add(match);
    }
    matchesByLength.set(length, known);
  };

  return {
    mask: (form) => {
      if (masked.has(form)) return;
      masked.add(form);
      mask(form);
      if (form.length >= MIN_FORM_LENGTH) remember(form);
    },
    redact: (text) => {
      const plain = lowerCase(text);
      let shown = '';
      /** Behind what is shown or redact already; behind the secret that was found last. */
      let from = 0;
      let end = 0;
      for (let at = 0; at < text.length; at++) {
        const before = end;
        for (const [length, known] of matchesByLength) {
          if (at + length > end && known.has(plain.slice(at, at + length))) end = at + length;
        }
        if (at >= end) continue;
        if (at >= before) shown += `${text.slice(from, at)}***`;
        from = end;
      }
      // In one piece where nothing was redact: of texts put together letter by letter, thousands of requests take megabytes.
      return shown + text.slice(from);
    },
  };
}

/** Masks a secret in the forms that it may come back in. Nothing is masked for a blank text. */
export function maskEverywhere(secret: string, mask: (form: string) => void): void {
  if (secret.trim() === '') return;
  for (const form of formsOf(secret)) mask(form);
}

/** Mints a token that is masked before anybody has it. */
export const maskedOnceMinted =
  (mint: () => Promise<string>, { mask }: Secrets) =>
  async (): Promise<string> => {
    const token = await mint();
    maskEverywhere(token, mask);
    return token;
  };

/** As it is, in JSON, URL-encoded, in base64, base64url and hex, whole and as a part of something longer. */
function formsOf(secret: string): ReadonlySet<string> {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString('base64');
  const hex = bytes.toString('hex');
  const json = JSON.stringify(secret).slice(1, -1);
  // Twice: where the name of something is a secret URL-encoded, and the name becomes a part of an address.
  const url = [secret, json].flatMap((text) => urlForms(text.toWellFormed()));
  const parts = [hex, hex.toUpperCase(), ...[0, 1, 2].flatMap((shift) => base64Forms(insideBase64(bytes, shift)))];
  return new Set([
    secret,
    json,
    ...url,
    ...url.map(encodeURIComponent),
    base64,
    ...base64Forms(base64.replaceAll('=', '')),
    encodeURIComponent(base64),
    ...parts.filter((part) => part.length >= MIN_FORM_LENGTH),
  ]);
}

/** As JavaScript, RFC 3986 and HTML forms have it. */
function urlForms(text: string): string[] {
  const url = encodeURIComponent(text);
  const strict = url.replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  return [url, strict, new URLSearchParams([['', text]]).toString().slice(1)];
}

const base64Forms = (base64: string): string[] => [
  base64,
  base64.replaceAll('+', '-').replaceAll('/', '_'),
  encodeURIComponent(base64),
];

/** What stays of the secret's base64 wherever it stands in a longer text, `shift` bytes after a multiple of three. */
function insideBase64(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return text.slice(Math.ceil((8 * shift) / 6), Math.floor((8 * (shift + bytes.length)) / 6));
}

/** Of ASCII alone, so that no character becomes two. */
const lowerCase = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** The error without secrets in what is shown of it; the same one where there are none. */
export function redactError(error: unknown, redact: Secrets['redact']): unknown {
  if (error instanceof ExportError) {
    const { kind, message, where, next, status, cause } = error;
    const clean = { message: redact(message), where: where === undefined ? where : redact(where), next: redact(next) };
    if (clean.message === message && clean.where === where && clean.next === next) return error;
    return new ExportError(kind, clean.message, {
      next: clean.next,
      ...(clean.where !== undefined && { where: clean.where }),
      ...(status !== undefined && { status }),
      ...(cause !== undefined && { cause }),
    });
  }
  const shown = String((error as Error)?.stack ?? error);
  const clean = redact(shown);
  return clean === shown ? error : Object.assign(new Error('It held a secret.'), { stack: clean });
}
