/** Judge of a run whose destination was disturbed. */

import { inWindow } from '../../sandbox/ledger.ts';
import { compareRows } from '../../sandbox/subjects.ts';
import { ExportError } from '../../src/base/errors.ts';
import { flawsOf, flawsOfChain, type Truth } from '../kill/found.ts';
import { differ, type FoundExport, readExport } from '../year/exports.ts';
import type { DestinationKind } from './destination-kind.ts';
import type { Place } from './destination-place.ts';

export interface Ran {
  /** Error that `main` threw; null where the run ended green. */
  readonly error: unknown;
  readonly outputs: Readonly<Record<string, string>>;
  readonly runId: number;
  readonly attempt: number;
  /** Exports that its log calls complete. */
  readonly completed: number;
  /** Files that the run left in its temp. */
  readonly left: readonly string[];
}

export interface Judged {
  readonly place: Place;
  readonly ran: Ran;
  /** The faults that it met. */
  readonly met: readonly DestinationKind[];
  readonly truth: Truth;
  readonly window: { readonly from: number; readonly to: number };
  readonly chained: boolean;
}

/** Returns the broken promises, in words. */
export async function judge(judged: Judged): Promise<string[]> {
  const { place, ran, truth } = judged;
  const folders = await place.exports();
  const flaws = [...folders, ...place.earlier()].flatMap((folder) => flawsOf(folder, truth));
  if (flaws.length > 0) return flaws;
  const found = folders.map(readExport);
  const own = found.filter(({ runId, attempt }) => runId === ran.runId && attempt === ran.attempt);
  return [
    ...place.flaws(),
    ...(ran.error === null ? flawsOfGreen(judged, found, own) : flawsOfRed(judged, found, own)),
    ...flawsOfRunner(ran),
  ];
}

function flawsOfGreen(
  { place, ran, truth, window, chained }: Judged,
  found: readonly FoundExport[],
  own: readonly FoundExport[],
): string[] {
  const { outputs } = ran;
  const expected = inWindow(truth.events, window).filter(truth.subject.holds ?? (() => true));
  const isCommit = place.inputs['destination'] === 'commit';
  const rows = (exports: readonly FoundExport[]) => exports.flatMap((one) => one.rows);
  const differences = chained
    ? [
        ...flawsOfChain(found, window, true),
        ...compareRows(truth.subject, expected, rows(found)),
        ...differ('`export-count`', outputs['export-count'], String(own.length)),
        ...differ('`row-count`', outputs['row-count'], String(rows(own).length)),
      ]
    : [
        ...differ('exports', isCommit ? found.length : own.length, 1),
        ...differ('`row-count`', outputs['row-count'], String(expected.length)),
      ];
  return [
    ...differences,
    ...(isCommit ? differ('`changed`', outputs['changed'], String(own.length > 0)) : []),
    ...(outputs['export-count'] === '0' ? [] : place.outputFlaws(outputs, own.length > 0)),
  ];
}

function flawsOfRed(
  { ran, met, window, chained }: Judged,
  found: readonly FoundExport[],
  own: readonly FoundExport[],
): string[] {
  const { error, completed } = ran;
  if (!(error instanceof ExportError)) return [`not an error of ours: ${(error as Error)?.stack ?? error}`];
  const fitting = met.flatMap(({ errors }) => errors);
  const stays = met.some(({ loses }) => loses) || error.message.startsWith('An artifact of this run has to go');
  const surplus = own.length - completed;
  return [
    ...(fitting.includes(error.kind) ? [] : [`${error.kind} does not fit: ${error.message} ${error.where ?? ''}`]),
    ...(surplus === 0 || (surplus === 1 && stays) ? [] : [`it delivered ${own.length}, and says ${completed}`]),
    ...(chained ? flawsOfChain(found, window, false) : []),
  ];
}

/** On the runner there is a folder for each export that it calls complete, and nothing else. */
function flawsOfRunner({ left, completed }: Ran): string[] {
  const folders = left.filter((name) => name.startsWith('audit-log-export-'));
  return [
    ...differ('folders that are left', folders.length, completed),
    ...left.filter((name) => !folders.includes(name)).map((name) => `left behind: ${name}`),
  ];
}
