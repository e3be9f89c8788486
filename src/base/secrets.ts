import { ExportError } from './errors.ts';

/**
 * Length of the shortest form that is redacted. Shorter ones occur by chance: with them, hardly a word could be shown.
 */
const MIN_FORM_LENGTH = 4;
/** Consecutive characters of a form that are enough to redact, as where a vendor quotes the first half of a token. */
const MATCH_LENGTH = 16;

/** The secrets of a run. */
export interface Secrets {
  /** Has one form of a secret masked in the log, and redacts that form from now on. */
  readonly mask: (form: string) => void;
  /** Returns the text with `***` in place of each part of a secret, letter case ignored. */
  readonly redact: (text: string) => string;
}

/**
 * Opens the secrets of a run.
 * @param mask has the runner replace a value by `***` in every later log line
 */
export function openSecrets(mask: (form: string) => void): Secrets {
  const masked = new Set<string>();
  const matchesByLength = new Map<number, Set<string>>();

  const remember = (form: string): void => {
    const plain = lowerCase(form);
    const length = Math.min(form.length, MATCH_LENGTH);
    const known = matchesByLength.get(length) ?? new Set();
    for (let at = 0; at + length <= plain.length; at++) {
      const match = plain.slice(at, at + length);
      // A form may have spaces, as `Bearer <token>` has: those around a token in a sentence are no part of the secret.
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
      // Text before `from` is shown or redacted already; `end` is the end of the last secret that was found.
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
      // The text itself where nothing was redacted: one put together letter by letter takes many times its length.
      return shown + text.slice(from);
    },
  };
}

/** Masks a secret in each form in which programs may write it. Masks nothing for a blank text. */
export function maskEverywhere(secret: string, mask: (form: string) => void): void {
  if (secret.trim() === '') return;
  for (const form of formsOf(secret)) mask(form);
}

/** Wraps a function that mints a token, so that the token is masked before it is returned. */
export const maskedOnceMinted =
  (mint: () => Promise<string>, { mask }: Secrets) =>
  async (): Promise<string> => {
    const token = await mint();
    maskEverywhere(token, mask);
    return token;
  };

/** Forms of a secret: plain, JSON, URL-encoded, base64, base64url and hex, whole and as a part of a longer text. */
function formsOf(secret: string): ReadonlySet<string> {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString('base64');
  const hex = bytes.toString('hex');
  const json = JSON.stringify(secret).slice(1, -1);
  // URL-encoded twice: a name may hold the URL-encoded secret, and become a part of an address itself.
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

/** URL-encodings of a text: by JavaScript, by RFC 3986, by HTML forms. */
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

/** The part of a secret's base64 that does not depend on its neighbours, `shift` bytes after a multiple of three. */
function insideBase64(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return text.slice(Math.ceil((8 * shift) / 6), Math.floor((8 * (shift + bytes.length)) / 6));
}

/** Lower case of ASCII letters alone, so that the length stays: some other letters become two. */
const lowerCase = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Returns the error itself if no text of it holds a secret, else a copy with redacted texts. */
export function redactError(error: unknown, redact: Secrets['redact']): unknown {
  if (error instanceof ExportError) {
    const { kind, message, where, next, status, cause } = error;
    const redacted = {
      message: redact(message),
      where: where === undefined ? where : redact(where),
      next: redact(next),
    };
    if (redacted.message === message && redacted.where === where && redacted.next === next) return error;
    return new ExportError(kind, redacted.message, {
      next: redacted.next,
      ...(redacted.where !== undefined && { where: redacted.where }),
      ...(status !== undefined && { status }),
      ...(cause !== undefined && { cause }),
    });
  }
  const shown = String((error as Error)?.stack ?? error);
  const clean = redact(shown);
  return clean === shown ? error : Object.assign(new Error('It held a secret.'), { stack: clean });
}
