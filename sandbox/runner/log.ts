/** Reader of a step's output, as GitHub's runner has one: obeys commands, hides secrets, collects annotations and outputs. */

import { type Command, isCommand, linesOf, parseCommand, parseFileCommand } from './commands.ts';

/** A note on the run's page, masked; `title` is null where none was given. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string | null;
  readonly message: string;
}

/** Files that the runner reads when the step has ended; `summary` is Markdown, the others hold entries. */
export type FileCommand = 'output' | 'state' | 'env' | 'path' | 'summary';

const SUMMARY_LIMIT_BYTES = 1_048_576;

/**
 * Reads output as `ActionCommandManager` and `FileCommandManager` of actions/runner do.
 * Left out: problem matchers, `echo`, and the masking of a secret's encoded forms (base64, JSON, URL).
 */
export function readLog(secrets: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const log: string[] = [];
  const commands: Command[] = [];
  const masks: string[] = [];
  const annotations: Annotation[] = [];
  const outputs = new Map<string, string>();
  let resumeToken: string | null = null;
  let refused = false;

  const hide = (text: string) => mask(text, [...secrets, ...masks]);
  const print = (text: string) => log.push(hide(text));

  function issue(level: Annotation['level'], message: string, title: string | null = null): void {
    annotations.push({ level, title: title === null ? null : hide(title), message: hide(message) });
    print(`##[${level}]${message}`);
  }
  function refuse(what: string, why: string): void {
    refused = true;
    issue('error', what);
    issue('error', why);
  }

  function line(text: string): void {
    const found = parseCommand(text, resumeToken);
    if (resumeToken !== null || found === null) {
      if (found?.command === resumeToken) {
        resumeToken = null;
      }
      print(text);
      return;
    }
    commands.push(found);
    obey(found, text);
  }

  function obey({ command, properties, message }: Command, text: string): void {
    switch (command) {
      case 'error':
      case 'warning':
      case 'notice':
        issue(command, message, properties['title'] ?? null);
        break;
      case 'add-mask':
        masks.push(...new Set([message, ...message.split(/[\r\n]+/)].filter((value) => value.trim() !== '')));
        break;
      case 'group':
        print(`##[group]${message}`);
        break;
      case 'endgroup':
        print('##[endgroup]');
        break;
      case 'debug':
        if (env['RUNNER_DEBUG'] === '1') {
          print(`##[debug]${message}`);
        }
        break;
      case 'stop-commands':
        if (message === '' || message === 'pause-logging' || isCommand(message.toLowerCase())) {
          refuse(`Unable to process command '${text}' successfully.`, 'The token is none that commands may wait for.');
          break;
        }
        resumeToken = message.toLowerCase();
        print(text);
        break;
      case 'set-output':
        outputs.set(properties['name'] ?? '', message);
        break;
      case 'set-env':
      case 'add-path':
        refuse(`Unable to process command '${text}' successfully.`, `The \`${command}\` command is disabled.`);
        break;
    }
  }

  return {
    line,
    issue,
    refused: () => refused,
    read: () => ({ log: log.map((each) => `${each}\n`).join(''), commands, masks, annotations }),
    /** The outputs, those of the older `set-output` command included. */
    files(texts: Record<FileCommand, string>): Record<string, string> {
      for (const name of ['output', 'state', 'env'] as const) {
        try {
          for (const [key, value] of parseFileCommand(texts[name])) {
            if (name === 'output') {
              outputs.set(key, value);
            }
          }
        } catch (error) {
          refuse(`Unable to process file command '${name}' successfully.`, (error as Error).message);
        }
      }
      return Object.fromEntries(outputs);
    },
    summary(text: string): string {
      const bytes = Buffer.byteLength(text);
      if (bytes > SUMMARY_LIMIT_BYTES) {
        const [limit, got] = [SUMMARY_LIMIT_BYTES, bytes].map((each) => Math.trunc(each / 1024));
        issue('error', `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of ${limit}k, got ${got}k.`);
        return '';
      }
      return linesOf(text)
        .map((each) => `${hide(each)}\n`)
        .join('');
    },
  };
}

/** Replaces each run of characters that secrets cover, overlapping or adjoining, by one `***`. */
function mask(text: string, secrets: readonly string[]): string {
  const spans = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => occurrences(text, secret).map((start) => ({ start, end: start + secret.length })))
    .sort((a, b) => a.start - b.start);
  let masked = '';
  let at = 0;
  for (const [index, { start, end }] of spans.entries()) {
    if (start > at || index === 0) {
      masked += `${text.slice(at, start)}***`;
    }
    at = Math.max(at, end);
  }
  return masked + text.slice(at);
}

function occurrences(text: string, part: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
    found.push(at);
  }
  return found;
}
