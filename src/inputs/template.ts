import { suggestion } from '../base/did-you-mean.ts';
import { inputError } from '../base/errors.ts';

interface Placeholder {
  readonly placeholder: string;
}

type Part = string | Placeholder;
/** Texts by the name of a placeholder, without braces. */
type Named = Readonly<Record<string, string>>;

/** A text such as `audit-logs/{vendor}/{year}`, parsed into literals and placeholders. */
export type Template = readonly Part[];

/** Parses a template; braces are for placeholders alone, and cannot be escaped. Throws `input`. */
export function parseTemplate(text: string, name: string, placeholders: readonly string[]): Template {
  const next = `Placeholders: ${placeholders.map((one) => `{${one}}`).join(', ')}. Braces have no other meaning.`;
  return Array.from(text.matchAll(/\{([^{}]*)\}|[{}]|[^{}]+/g), ([part, placeholder]) => {
    if (placeholder === undefined && !/[{}]/.test(part)) return part;
    if (placeholder === undefined)
      throw inputError(name, `\`${text}\` has a \`${part}\` without its other half.`, next);
    if (placeholders.includes(placeholder)) return { placeholder };
    const what = `\`${part}\` in \`${text}\` is not a placeholder${suggestion(placeholder, placeholders)}`;
    throw inputError(name, what, next);
  });
}

/** Returns the text with the value of each placeholder in its place. */
export function fill(template: Template, values: Named): string {
  return template.map((part) => (typeof part === 'string' ? part : given(part, values))).join('');
}

/** Returns the path with the value of each placeholder; segments that are empty because of empty values are left out. */
export function fillPath(template: Template, values: Named): string {
  return segmentsOf(template, values)
    .map((segment) => fill(segment, values))
    .join('/');
}

/**
 * Returns a regular expression that matches the paths that `fillPath` can return, and no others. Placeholders in `known`
 * have those values; each other placeholder is a named group of its pattern, the source of a regular expression (flag
 * `u`) without captures that does not match the empty text.
 */
export function matcher(template: Template, known: Named, patterns: Named): RegExp {
  const captured = new Set<string>();
  const source = (part: Part): string => {
    if (typeof part === 'string') return literal(part);
    const { placeholder } = part;
    if (isKnown(part, known)) return literal(given(part, known));
    if (captured.has(placeholder)) return `\\k<${placeholder}>`;
    captured.add(placeholder);
    const pattern = given(part, patterns);
    if (new RegExp(`^(?:${pattern})$`, 'u').test(''))
      throw new TypeError(`The pattern of {${placeholder}} may be empty`);
    return `(?<${placeholder}>${pattern})`;
  };
  const segments = segmentsOf(template, known).map((segment) => segment.map(source).join(''));
  return new RegExp(`^${segments.join('/')}$`, 'u');
}

/**
 * Returns the folders that all paths of `fillPath` begin with, up to the first unknown placeholder. The last segment, the
 * export's own folder, is not among them.
 */
export function staticPrefix(template: Template, known: Named): string[] {
  const folders = segmentsOf(template, known).slice(0, -1);
  const end = folders.findIndex((segment) => !segment.every((part) => isKnown(part, known)));
  const leading = end < 0 ? folders : folders.slice(0, end);
  return leading.flatMap((segment) => fill(segment, known).split('/'));
}

/** Splits a template at its slashes; segments of placeholders that are known to be empty are left out. */
function segmentsOf(template: Template, known: Named): Template[] {
  const segments: Part[][] = [[]];
  for (const part of template.flatMap<Part>((one) => (typeof one === 'string' ? one.split(/(\/)/) : one))) {
    if (part === '/') segments.push([]);
    else if (part !== '') segments.at(-1)?.push(part);
  }
  const isEmpty = (part: Part): boolean => isKnown(part, known) && fill([part], known) === '';
  return segments.filter((segment) => segment.length === 0 || !segment.every(isEmpty));
}

const isKnown = (part: Part, known: Named): boolean =>
  typeof part === 'string' || Object.hasOwn(known, part.placeholder);

function given({ placeholder }: Placeholder, named: Named): string {
  const text = Object.hasOwn(named, placeholder) ? named[placeholder] : undefined;
  if (text === undefined) throw new TypeError(`Nothing is given for {${placeholder}}`);
  return text;
}

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
