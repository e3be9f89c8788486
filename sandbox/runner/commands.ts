/** The two grammars of workflow commands, and that of file commands, as actions/runner reads them. */

/** A workflow command as the runner understood it: names in lower case, values unescaped, nothing masked. */
export interface Command {
  readonly command: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

const COMMANDS = new Set(
  'add-mask add-matcher add-path debug echo endgroup error group notice remove-matcher save-state set-env set-output stop-commands warning'.split(
    ' ',
  ),
);

/** Whether the runner has a command of that name, which is in lower case. */
export const isCommand = (name: string): boolean => COMMANDS.has(name);

/** The lines of a text as .NET's `ReadLine` cuts them: at `\n`, `\r\n` and a lone `\r`. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * White space that .NET's `TrimStart` removes: without U+FEFF, which JavaScript's `trimStart` removes, and with U+0085,
 * which JavaScript's does not.
 */
const BLANK_START = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

const OLDER_ESCAPES = { ';': '%3B', '\r': '%0D', '\n': '%0A', ']': '%5D' };
const PROPERTY_ESCAPES = { '\r': '%0D', '\n': '%0A', ':': '%3A', ',': '%2C' };
const DATA_ESCAPES = { '\r': '%0D', '\n': '%0A' };

/**
 * The command that the runner sees in a line, or null: `::name k=v,k=v::message` at its start, else the older `##[name k=v;k=v]message`
 * anywhere in it. Only the first `##[` of a line is looked at.
 */
export function parseCommand(line: string, resumeToken: string | null = null): Command | null {
  const [, modern, modernData = ''] = /^::(.*?)::(.*)$/s.exec(line.replace(BLANK_START, '')) ?? [];
  const [, older, olderData = ''] = /^.*?##\[(.*?)\](.*)$/s.exec(line) ?? [];
  const isKnown = (info: string | undefined): info is string =>
    info !== undefined && (isCommand(nameOf(info)) || nameOf(info) === resumeToken);
  if (isKnown(modern)) {
    const properties = propertiesOf(modern.slice(nameOf(modern).length).trim(), ',', PROPERTY_ESCAPES);
    return { command: nameOf(modern), properties, message: unescaped(modernData, DATA_ESCAPES) };
  }
  if (!isKnown(older)) return null;
  const properties = propertiesOf(older.slice(nameOf(older).length + 1), ';', OLDER_ESCAPES);
  return { command: nameOf(older), properties, message: unescaped(olderData, OLDER_ESCAPES) };
}

/** Returns the text before the first blank, in lower case. */
const nameOf = (info: string): string => lowerCase(info.split(' ', 1)[0] ?? '');

function propertiesOf(text: string, separator: string, escapes: Record<string, string>): Record<string, string> {
  const pairs = text.split(separator).map((each) => /^=*([^=]+)=+([^=].*)$/s.exec(each));
  return Object.fromEntries(
    pairs
      .filter((pair) => pair !== null)
      .map(([, key = '', value = '']) => [lowerCase(key), unescaped(value, escapes)]),
  );
}

/** Lower-cases ASCII letters alone, as .NET compares by ordinals: the Kelvin sign is no k. */
const lowerCase = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** `%25` comes last, so that `%250A` is the text `%0A`. */
function unescaped(text: string, escapes: Record<string, string>): string {
  let plain = text;
  for (const [character, escaped] of Object.entries(escapes)) {
    plain = plain.replaceAll(escaped, character);
  }
  return plain.replaceAll('%25', '%');
}

/** Characters that have no weight where .NET compares by culture, as it does where it looks for `::` and `##[`. */
const WEIGHTLESS = /[\p{Cc}\p{Cf}\p{Me}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * The command that a runner of whatever culture may see in a line: with its characters as they are, or, which is more
 * than any runner does, with those left out that weigh nothing there. Null: no runner sees one.
 */
export const worstCommand = (line: string): Command | null =>
  parseCommand(line) ?? parseCommand(line.replaceAll(WEIGHTLESS, ''));

/** The `name=value` and `name<<DELIMITER` entries of a file command, in order; throws the runner's own messages, after the entries before. */
export function* parseFileCommand(text: string): Generator<[name: string, value: string]> {
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const [, name, separator, rest = ''] = /^(.*?)(=|<<)(.*)$/s.exec(line) ?? [];
    if (line === '') {
      continue;
    }
    if (name === undefined) {
      throw new Error(`Invalid format '${line}'`);
    }
    if (name === '' || (separator === '<<' && rest === '')) {
      throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`);
    }
    if (separator === '=') {
      yield [name, rest];
      continue;
    }
    const end = lines.indexOf(rest, at + 1);
    if (end < 0) {
      throw new Error(`Invalid value. Matching delimiter not found '${rest}'`);
    }
    yield [name, lines.slice(at + 1, end).join('\n')];
    at = end;
  }
}
