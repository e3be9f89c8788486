import { suggestion } from '../base/did-you-mean.ts';
import { inputError } from '../base/errors.ts';

interface Placeholder {
  readonly placeholder: string;
}

type Piece = string | Placeholder;
/** Texts by the name of a placeholder, without braces. */
type Named = Readonly<Record<string, string>>;

/** A text such as `audit-logs/{vendor}/{year}`, taken apart into literals and placeholders. */
export type Template = readonly Piece[];

/** The template that a text is; braces are for the placeholders alone, and cannot be escaped. Throws `input`. */
export function parseTemplate(text: string, name: string, placeholders: readonly string[]): Template {
  const next = `Placeholders: ${placeholders.map((one) => `{${one}}`).join(', ')}. Braces have no other meaning.`;
  return Array.from(text.matchAll(/\{([^{}]*)\}|[{}]|[^{}]+/g), ([piece, placeholder]) => {
    if (placeholder === undefined && !/[{}]/.test(piece)) return piece;
    if (placeholder === undefined)
      throw inputError(name, `\`${text}\` has a \`${piece}\` without its other half.`, next);
    if (placeholders.includes(placeholder)) return { placeholder };
    const what = `\`${piece}\` in \`${text}\` is not a placeholder${suggestion(placeholder, placeholders)}`;
    throw inputError(name, what, next);
  });
}

/** The text with every placeholder's value in its place. */
export function fill(template: Template, values: Named): string {
  return template.map((piece) => (typeof piece === 'string' ? piece : given(piece, values))).join('');
}

/** The path with every placeholder's value in its place, and without the segments that nothing but empty values make. */
export function fillPath(template: Template, values: Named): string {
  return segmentsOf(template, values)
    .map((segment) => fill(segment, values))
    .join('/');
}

/**
 * Matches the paths that `fillPath` can give, and no others, where the placeholders in `known` have those values and
 * each other one matches its pattern: the source of a regular expression (flag `u`) without captures, which does not
 * match the empty text. Their values are the groups of the same names.
 */
export function matcher(template: Template, known: Named, patterns: Named): RegExp {
  const captured = new Set<string>();
  const source = (piece: Piece): string => {
    if (typeof piece === 'string') return literal(piece);
    const { placeholder } = piece;
    if (isKnown(piece, known)) return literal(given(piece, known));
    if (captured.has(placeholder)) return `\\k<${placeholder}>`;
    captured.add(placeholder);
    const pattern = given(piece, patterns);
    if (new RegExp(`^(?:${pattern})$`, 'u').test(''))
      throw new TypeError(`The pattern of {${placeholder}} may be empty`);
    return `(?<${placeholder}>${pattern})`;
  };
  const segments = segmentsOf(template, known).map((segment) => segment.map(source).join(''));
  return new RegExp(`^${segments.join('/')}$`, 'u');
}

/** The segments that lead every path that `fillPath` can give, up to the first unknown placeholder, less the last. */
export function staticPrefix(template: Template, known: Named): string[] {
  const folders = segmentsOf(template, known).slice(0, -1);
  const end = folders.findIndex((segment) => !segment.every((piece) => isKnown(piece, known)));
  const leading = end < 0 ? folders : folders.slice(0, end);
  return leading.flatMap((segment) => fill(segment, known).split('/'));
}

/** What stands between the template's slashes, without the segments that only placeholders known as empty make. */
function segmentsOf(template: Template, known: Named): Template[] {
  const segments: Piece[][] = [[]];
  for (const piece of template.flatMap<Piece>((one) => (typeof one === 'string' ? one.split(/(\/)/) : one))) {
    if (piece === '/') segments.push([]);
    else if (piece !== '') segments.at(-1)?.push(piece);
  }
  const isEmpty = (piece: Piece): boolean => isKnown(piece, known) && fill([piece], known) === '';
  return segments.filter((segment) => segment.length === 0 || !segment.every(isEmpty));
}

const isKnown = (piece: Piece, known: Named): boolean =>
  typeof piece === 'string' || Object.hasOwn(known, piece.placeholder);

function given({ placeholder }: Placeholder, named: Named): string {
  const text = Object.hasOwn(named, placeholder) ? named[placeholder] : undefined;
  if (text === undefined) throw new TypeError(`Nothing is given for {${placeholder}}`);
  return text;
}

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
