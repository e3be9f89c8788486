/**
 * Characters that steer a terminal, turn the reading direction, break a line, or do not show.
 *
 * The ones that do not show (soft hyphen, zero width space, enclosing marks) matter to the runner too: it looks for its
 * commands with .NET's `IndexOf(string)` and `StartsWith(string)`, which compare by culture and skip them.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Me}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Parts of the runner's commands, which obeys `##[command]` anywhere in a line and `::command::` at its start
 * (actions/runner, `ActionCommand.cs`). `#` and `:` are also escaped at the start of a text, and `:` at its end, so
 * that neither two texts make a command together, nor a text with a colon of ours.
 */
const COMMAND = /(?<=^|#)#|(?<=#)\[|(?<=^\s*|:):|:$/g;

/** Characters that mean something in HTML or Markdown. */
const PUNCTUATION = /[!-/:-@[-`{-~]/g;

/**
 * Vendor text for the log: one line, control and invisible characters as `\u001b`, and a backslash wherever the runner
 * would find a command. At most `max` characters of the text (before escaping), then `…`. Cannot be undone.
 */
export function forLog(text: string, max = 200): string {
  return showUnseen(clip(text, max)).replace(COMMAND, '\\$&');
}

/**
 * Vendor text for the job summary, to be put inside `<code>`: all punctuation as HTML character references, so that it
 * is neither HTML nor Markdown; control and invisible characters as `\u001b`. At most `max` characters of the text
 * (before escaping, which makes each up to 23), then `…`.
 */
export function forSummary(text: string, max = 300): string {
  return showUnseen(clip(text, max)).replace(PUNCTUATION, (mark) => `&#${mark.charCodeAt(0)};`);
}

/**
 * Whether every character of the text is visible, and none steers a terminal, turns the reading direction or breaks a
 * line.
 */
export const showsAll = (text: string): boolean => text.search(UNSEEN) < 0;

/** The first `max` code points of a text, then `…` if there are more. */
function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const points = Array.from(text.slice(0, 2 * max + 2));
  return points.length <= max ? text : `${points.slice(0, max).join('')}…`;
}

function showUnseen(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}

/** Formats a count for people: 1234567 → `1,234,567`. */
export const grouped = (count: number): string => count.toLocaleString('en-US');
