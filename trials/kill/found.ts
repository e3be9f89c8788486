/** Search for whatever looks like an export at a destination, and the check that it is whole and exact against the ledger. */

import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { inWindow, type LedgerEvent } from '../../sandbox/ledger.ts';
import type { ResultsService } from '../../sandbox/results-service.ts';
import { compareRows, type Subject } from '../../sandbox/subjects.ts';
import { type ExportFolder, type FoundExport, filesOf, foldersOf, git, readExport } from '../year/exports.ts';

/** Ledger and subject that the events of a folder are compared with. */
export interface Truth {
  readonly events: readonly LedgerEvent[];
  readonly subject: Subject;
}

/** The runner's own files, and what an action only looks at; a dot hides what nobody takes for an export. */
const HIDDEN = /^\.|^_runner_file_commands$|^last-export-/;
/** The name of an export's folder. */
const NAMED = /-\d{8}T\d{6}(?:\.\d{3})?Z$/;

/** Folders below one that have files, or an export's name. */
export async function foldersBelow(root: string): Promise<ExportFolder[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const folders = new Map<string, Map<string, Buffer>>();
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (
      relative(root, path)
        .split(sep)
        .some((name) => HIDDEN.test(name))
    )
      continue;
    if (entry.isDirectory() && NAMED.test(entry.name) && !folders.has(path)) folders.set(path, new Map());
    if (!entry.isFile()) continue;
    const files = folders.get(entry.parentPath) ?? new Map<string, Buffer>();
    folders.set(entry.parentPath, files.set(entry.name, await readFile(path)));
  }
  return [...folders].map(([path, files]) => ({ path, files }));
}

/** Names of hidden folders that a run has made of an export. */
export async function partialsBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true });
  return entries.filter((path) => /\.partial-[0-9a-f]{6}$/.test(path));
}

/** Exports on a branch; none where it is not there. */
export function foldersOn(repository: string, revision: string): ExportFolder[] {
  return foldersOf(filesOf(repository, revision));
}

/** All commits that branches have, the newest first. */
export const commitsOf = (repository: string): string[] =>
  git(repository, 'rev-list', '--branches').split('\n').filter(Boolean);

/** Extracts the artifacts of some runs. */
export async function foldersUp(results: ResultsService, runIds: readonly number[], scratch: string) {
  const folders: (ExportFolder & { readonly id: number })[] = [];
  for (const { id, name, runId } of results.artifacts()) {
    if (!runIds.includes(runId)) continue;
    const folder = join(scratch, String(id));
    const files = new Map<string, Buffer>();
    for (const file of await results.extract(id, folder)) files.set(file, await readFile(join(folder, file)));
    folders.push({ id, path: `artifact ${id}, ${name}`, files });
  }
  return folders;
}

/** Returns the flaws of a folder that looks like an export; none where the folder is one. */
export function flawsOf(folder: ExportFolder, truth: Truth): string[] {
  if (!folder.files.has('datapackage.json')) return [`${folder.path}: ${[...folder.files.keys()]}, and no manifest`];
  try {
    const found = readExport(folder);
    return [...found.flaws, ...rowsOf(found, truth).map((flaw) => `${folder.path}: ${flaw}`)];
  } catch (error) {
    return [`${folder.path}: ${error}`];
  }
}

function rowsOf({ from, to, rows }: FoundExport, { events, subject }: Truth): string[] {
  return compareRows(subject, inWindow(events, { from, to }).filter(subject.holds ?? (() => true)), rows);
}

/** Returns the flaws of exports that are to go on from each other from the start of a window, and to its end if `areAll`. */
export function flawsOfChain(
  exports: readonly FoundExport[],
  window: { readonly from: number; readonly to: number },
  areAll: boolean,
): string[] {
  const chain = [...exports].sort((a, b) => a.to - b.to);
  const edges = [{ to: window.from, id: undefined }, ...chain];
  const joints = chain.flatMap(({ path, from, previous }, index) => [
    ...(from === edges[index]?.to ? [] : [`${path} does not begin where the one before ends`]),
    ...(previous?.id === edges[index]?.id ? [] : [`${path} does not name the one before`]),
  ]);
  const reaches = !areAll || edges.at(-1)?.to === window.to;
  return [...joints, ...(reaches ? [] : ['the chain does not reach the end of the window'])];
}
