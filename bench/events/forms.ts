/** The forms in which vendors may write the events of one log as JSON. */

import { HOSTILE } from '../../sandbox/ledger.ts';
import type { Dice } from '../../trials/year/dice.ts';

/**
 * `compact`: as `JSON.stringify` writes. `spaced`: a blank behind each colon and comma, as Python writes. `escaped`: one
 * letter by its number. `unknown`: a field that no document names. `hostile`: a third of the texts end in quotes, commas,
 * line breaks or other scripts.
 */
export const FORMS = ['compact', 'spaced', 'escaped', 'unknown', 'hostile'] as const;

export type Form = (typeof FORMS)[number];

/** Rewrites an event; the fields that `fixed` names keep their values. */
export function inForm(form: Form, text: string, fixed: readonly string[], dice: Dice): string {
  switch (form) {
    case 'compact':
      return text;
    case 'spaced':
      return spaced(text);
    case 'escaped':
      return text.replace(/([a-z])(?="[,}])/, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
    case 'unknown':
      return `${text.slice(0, -1)},"traceContext":{"sampled":true,"spans":["a1","b2"]}}`;
    case 'hostile':
      return JSON.stringify(JSON.parse(text), (name, value) =>
        typeof value === 'string' && !fixed.includes(name) && dice.chance(1 / 3) ? value + dice.pick(HOSTILE) : value,
      );
  }
}

function spaced(text: string): string {
  let out = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    out += sign;
    if (isQuoted && sign === '\\') out += text[++at];
    else if (sign === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (sign === ':' || sign === ',')) out += ' ';
  }
  return out;
}
