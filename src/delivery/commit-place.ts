import { grouped } from '../base/text.ts';
import type { CommitTarget } from '../inputs/commit-target.ts';
import type { ExportRequest } from '../inputs/inputs.ts';
import { checkFolder } from '../inputs/repository-names.ts';
import { fill, fillPath, matcher, staticPrefix } from '../inputs/template.ts';
import { dayOf } from '../time/calendar.ts';
import { compactInstant, formatInstant } from '../time/instant.ts';
import { exportNamePattern, INSTANT_IN_NAME, orgName } from './names.ts';
import type { NextExport } from './next-export.ts';

/**
 * Returns the folder of an export in the repository. Throws `input` where the template gives a folder that Git or GitHub
 * does not take.
 */
export function commitFolder(request: ExportRequest, { path }: CommitTarget, next: NextExport): string {
  const [from, to] = [compactInstant(next.window.from), compactInstant(next.window.to)];
  const values = { ...placeholders(request, next), org: orgName(request.org), from, to };
  return checkFolder(fillPath(path, values), 'commit-path');
}

/** Returns the message of the commit; the export's name where the template gives nothing but blanks. */
export function commitMessage(
  request: ExportRequest,
  { message }: CommitTarget,
  next: NextExport,
  rows: number,
): string {
  const [from, to] = [formatInstant(next.window.from), formatInstant(next.window.to)];
  const values = { ...placeholders(request, next), org: request.org, from, to, rows: grouped(rows) };
  // Without an organisation, two blanks meet, or nothing is left.
  const filled = fill(message, values).replaceAll(/ {2,}/g, ' ').trim();
  return filled === '' ? next.name : filled;
}

const placeholders = ({ vendor, windowRequest }: ExportRequest, { name, window }: NextExport) => ({
  vendor: vendor.id,
  export: name,
  ...dayOf(window.from, windowRequest.timeZone),
});

/** The folders in a repository that hold the exports of a request. */
interface CommitFolders {
  /** Folders that all exports are below, outermost first. */
  readonly prefix: readonly string[];
  /** Matches the folders of exports; the group `to` or `export` says the end of the window. */
  readonly pattern: RegExp;
}

/** Returns a description of all folders that `commitFolder` can return for a request. */
export function commitFolders({ vendor, org }: ExportRequest, { path }: CommitTarget): CommitFolders {
  const known = { vendor: vendor.id, org: orgName(org) };
  const patterns = {
    from: INSTANT_IN_NAME,
    to: INSTANT_IN_NAME,
    export: exportNamePattern(vendor.id, org),
    year: String.raw`\d{4}`,
    month: String.raw`\d\d`,
    day: String.raw`\d\d`,
  };
  return { prefix: staticPrefix(path, known), pattern: matcher(path, known, patterns) };
}
