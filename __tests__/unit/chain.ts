import { createHash } from 'node:crypto';
import type { DeliveredExport } from '../../src/delivery/delivered-export.ts';
import type { History } from '../../src/delivery/history.ts';
import type { ExportTask } from '../../src/delivery/next-export.ts';
import type { Window } from '../../src/time/window.ts';
import type { Page, Retraction, Segment, Vendor } from '../../src/vendors/contract.ts';

/** Lower-case hex, as digests are written here. */
export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** An export that stands alone, unless told otherwise. */
export const taskOf = (window: Window, more: Partial<ExportTask> = {}): ExportTask => ({
  window,
  gap: null,
  previous: null,
  name: 'acme',
  fetchFrom: window.from,
  ...more,
});

/** The first export of a chain, unless told otherwise. Its names and digests are those of its window. */
export function linkOf(window: Window, more: Partial<DeliveredExport> = {}): DeliveredExport {
  const name = `${window.from}-${window.to}`;
  return {
    id: `id of ${name}`,
    sha256: sha256(`manifest of ${name}`),
    artifact: null,
    scope: sha256('scope'),
    window,
    before: null,
    chained: true,
    gap: false,
    files: [{ name: `acme-${name}.csv`, bytes: 10, sha256: sha256(name) }],
    copies: [],
    place: `folder ${name}`,
    ...more,
  };
}

/** A vendor of JSON events without ids that has nothing to say, unless told otherwise. */
export const vendorOf = (more: Partial<Vendor> = {}): Vendor => ({
  id: 'acme',
  name: 'Acme',
  document: { url: 'https://acme.test/docs', read: '2026-01-01' },
  hosts: { cloud: 'https://acme.test' },
  org: { required: false, pattern: /./, form: 'a name' },
  headers: () => ({}),
  filters: [],
  format: 'json',
  columns: [{ name: 'v', meaning: 'a value' }],
  idColumn: null,
  timeColumn: null,
  order: 'time',
  retention: null,
  guide: { token: '', access: '', limits: [], unverified: [] },
  segments: () => [],
  common: { action: { of: [], cell: () => 'acted' } },
  ...more,
});

/** Stretches that give these pages; pages in a row of the very same slice are one stretch. */
export function stretchesOf(pages: readonly Page[]): Segment[] {
  const first = pages.filter(({ slice }, index) => slice !== pages[index - 1]?.slice);
  const starts = [...first.map((page) => pages.indexOf(page)), pages.length];
  return first.map((_, index) => stretchOf(pages.slice(starts[index], starts[index + 1])));
}

/** A stretch that gives these. */
export const stretchOf = (pages: readonly (Page | Retraction)[]): Segment =>
  async function* () {
    yield* pages;
  };

/** Exports that were delivered, kept in memory. */
export class MemoryHistory implements History {
  /** The files that were read, by name, in order. */
  readonly reads: string[] = [];
  readonly #exports: { readonly link: DeliveredExport; readonly files: ReadonlyMap<string, Buffer> }[] = [];

  /** Takes an export that goes on from the last one. Its files are those of `csvs`, by name. */
  deliver(
    window: Window,
    csvs: Readonly<Record<string, Buffer | string>>,
    more: Partial<DeliveredExport> = {},
  ): DeliveredExport {
    const files = new Map(Object.entries(csvs).map(([name, content]) => [name, Buffer.from(content)]));
    const listed = [...files].map(([name, content]) => ({ name, bytes: content.length, sha256: sha256(content) }));
    const link = linkOf(window, { before: this.#exports.at(-1)?.link ?? null, files: listed, ...more });
    this.#exports.push({ link, files });
    return link;
  }

  /** Forgets an export, as a retention or a person does. */
  remove({ id }: DeliveredExport): void {
    this.#exports.splice(
      this.#exports.findIndex(({ link }) => link.id === id),
      1,
    );
  }

  async last(): Promise<DeliveredExport | null> {
    return this.#exports.at(-1)?.link ?? null;
  }

  async before({ before }: DeliveredExport): Promise<DeliveredExport | null> {
    return this.#exports.find(({ link }) => link.id === before?.id)?.link ?? null;
  }

  async read({ id }: DeliveredExport, { name }: DeliveredExport['files'][number]): Promise<Buffer> {
    const content = this.#exports.find(({ link }) => link.id === id)?.files.get(name);
    if (content === undefined) throw new Error(`There is no ${name}.`);
    this.reads.push(name);
    return content;
  }
}
