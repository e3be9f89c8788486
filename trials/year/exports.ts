/** The exports of a year, read back as a stranger would: with git, a CSV parser, and what the manifests say. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { parse } from 'csv-parse/sync';

export type Row = Readonly<Record<string, string>>;

/** Files of one folder, by their names. */
export interface ExportFolder {
  readonly path: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

export interface FoundExport {
  readonly path: string;
  readonly id: string;
  /** SHA-256 that the manifest has of the CSV. */
  readonly sha256: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly lookedFrom: number;
  /** undefined: it stands alone; null: it is the first of the chain. */
  readonly previous: { readonly id: string; readonly sha256: string; readonly to: string } | null | undefined;
  readonly runId: number;
  readonly attempt: number;
  readonly rows: readonly Row[];
  /** Numbers of the rows that the manifest calls late; 1 is the first. */
  readonly lateRows: readonly number[];
  /** Contradictions in the export. */
  readonly flaws: readonly string[];
}

/** The folders of a tree that are not its root. */
export function foldersOf(tree: ReadonlyMap<string, Buffer>): ExportFolder[] {
  const folders = new Map<string, Map<string, Buffer>>();
  for (const [path, body] of tree) {
    const slash = path.lastIndexOf('/');
    const folder = folders.get(path.slice(0, Math.max(0, slash))) ?? new Map<string, Buffer>();
    folders.set(path.slice(0, Math.max(0, slash)), folder.set(path.slice(slash + 1), body));
  }
  return [...folders].filter(([path]) => path !== '').map(([path, files]) => ({ path, files }));
}

export const git = (repository: string, ...args: readonly string[]): string =>
  execFileSync('git', ['--git-dir', repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** All files of a commit or a branch (`refs/heads/main`), by path. */
export function filesOf(repository: string, revision: string): Map<string, Buffer> {
  const listed = git(repository, 'ls-tree', '-r', '-z', '--format=%(objectname) %(path)', revision);
  const entries = listed.split('\0').filter(Boolean);
  const answer = execFileSync('git', ['--git-dir', repository, 'cat-file', '--batch'], {
    input: entries.map((entry) => `${entry.slice(0, 40)}\n`).join(''),
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  let at = 0;
  return new Map(
    entries.map((entry) => {
      const end = answer.indexOf(0x0a, at);
      const size = Number(answer.toString('latin1', at, end).split(' ')[2]);
      at = end + 1 + size + 1;
      return [entry.slice(41), answer.subarray(end + 1, end + 1 + size)];
    }),
  );
}

/** The exports that go on from each other, oldest first. */
export const chainOf = (exports: readonly FoundExport[]): FoundExport[] =>
  exports.filter(({ previous }) => previous !== undefined).sort((a, b) => a.to - b.to);

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

interface Manifest {
  readonly id: string;
  readonly resources: readonly { path: string; bytes: number; hash: string; rows: number }[];
  readonly export: {
    readonly window: { from: string; to: string };
    readonly chain: { previous: FoundExport['previous'] } | null;
    readonly late: { looked_from: string; count: number; rows: string };
    readonly events: { written: number };
    readonly run: { run_id: string; run_attempt: string };
  };
}

const manifestOf = ({ files }: ExportFolder): Manifest => JSON.parse(String(files.get('datapackage.json')));

/** The chain's last export, which must not be its only one; null where there is none such. */
export function lastOf(folders: readonly ExportFolder[]): ExportFolder | null {
  const ends = folders.map((folder) => ({ folder, ...manifestOf(folder).export }));
  const chained = ends.filter(({ chain }) => chain !== null);
  const last = chained.sort((a, b) => Date.parse(a.window.to) - Date.parse(b.window.to)).at(-1);
  return chained.length > 1 ? (last?.folder ?? null) : null;
}

export function readExport({ path, files }: ExportFolder): FoundExport {
  const bytes = files.get('datapackage.json') ?? Buffer.of();
  const manifest = manifestOf({ path, files });
  const { window, chain, late, events, run } = manifest.export;
  const parts = manifest.resources.map((part) => ({ part, rows: rowsOf(files.get(part.path) ?? Buffer.of()) }));
  const rows = parts.flatMap((one) => one.rows);
  const lateRows = numbersOf(late.rows);
  return {
    path,
    id: manifest.id,
    sha256: sha256(bytes),
    from: Date.parse(window.from),
    to: Date.parse(window.to),
    lookedFrom: Date.parse(late.looked_from),
    previous: chain === null ? undefined : chain.previous,
    runId: Number(run.run_id),
    attempt: Number(run.run_attempt),
    rows,
    lateRows,
    flaws: [
      ...sumFlaws(files),
      ...parts.flatMap(({ part, rows: { length } }) => differ(`rows of ${part.path}`, length, part.rows)),
      ...manifest.resources.flatMap((part) => {
        const file = files.get(part.path) ?? Buffer.of();
        return [
          ...differ(`bytes of ${part.path}`, file.length, part.bytes),
          ...differ(`hash of ${part.path}`, `sha256:${sha256(file)}`, part.hash),
        ];
      }),
      ...differ('files', [...files.keys()].sort().join(), listed(manifest).sort().join()),
      ...differ('rows', rows.length, events.written),
      ...differ('late rows', lateRows.length, late.count),
    ].map((flaw) => `${path}: ${flaw}`),
  };
}

export const differ = (what: string, found: unknown, wanted: unknown): string[] =>
  found === wanted ? [] : [`${what}: ${found}, not ${wanted}`];

const listed = ({ resources }: Manifest): string[] => [
  ...resources.map(({ path }) => path),
  'datapackage.json',
  'SHA256SUMS',
];

const rowsOf = (csv: Buffer): Row[] =>
  parse(csv, { columns: true, record_delimiter: '\r\n', max_record_size: 0 }) as Row[];

/** Checks as `sha256sum -c SHA256SUMS` does, and that no file is left out. */
function sumFlaws(files: ReadonlyMap<string, Buffer>): string[] {
  const others = [...files].filter(([name]) => name !== 'SHA256SUMS').sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = String(files.get('SHA256SUMS'))
    .trimEnd()
    .split('\n')
    .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1));
  return differ('SHA256SUMS', lines.join('\n'), others.map(([name, body]) => `${sha256(body)}  ${name}`).join('\n'));
}

/** `1-3, 7` as 1, 2, 3, 7. */
const numbersOf = (ranges: string): number[] =>
  ranges
    .split(', ')
    .filter(Boolean)
    .flatMap((range) => {
      const [first = '', last = first] = range.split('-');
      return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
    });
