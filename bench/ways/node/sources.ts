import type { LogId } from '../../logs.ts';
import { aitronos } from './aitronos.ts';
import { codacy, codacyArray } from './codacy.ts';
import { datafold } from './datafold.ts';
import { infisical } from './infisical.ts';
import { kosli } from './kosli.ts';
import type { Source } from './source.ts';

const SOURCES: Readonly<Record<LogId, Source>> = {
  codacy,
  'codacy-array': codacyArray,
  infisical,
  datafold,
  kosli,
  aitronos,
};

/** The source that the command line names. */
export function sourceNamed(name: string | undefined): Source {
  const source = new Map<string, Source>(Object.entries(SOURCES)).get(name ?? '');
  if (source === undefined) throw new Error(`${name}: not one of ${Object.keys(SOURCES).join(', ')}`);
  return source;
}
