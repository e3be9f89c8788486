import { dirname } from 'node:path';
import { walkStretches } from './concurrent-walk.ts';
import { Parts } from './part-files.ts';
import { type ExportedTable, type ExportOptions, Table } from './row-filter.ts';
import { Gathering } from './segment-rows.ts';

/**
 * Walks the vendor's stretches, several at once, writes their rows as CSV into `<path>.partial`, reads the bytes back
 * from the disk, and only then gives the file its name. Throws what the vendor throws, and `protocol` where the pages
 * contradict each other. On failure the `.partial` may remain; whoever made the folder removes it.
 */
export async function exportEvents(options: ExportOptions): Promise<ExportedTable> {
  const { vendor, session, path, maxBytes, walkers } = options;
  const parts = new Parts(path, maxBytes);
  const table = new Table(options, parts);
  const gathering = new Gathering(table, dirname(path), options.mostHeldBytes);
  try {
    for await (const gathered of walkStretches(vendor.stretches(session), walkers, () => gathering.begin())) {
      table.count(gathered);
      for await (const rows of gathering.end(gathered)) await table.take(rows);
      table.tell(gathered);
    }
    const result = await table.finish();
    return { files: await parts.seal(), ...result };
  } finally {
    await gathering.close();
    await table.close();
    await parts.close();
  }
}
