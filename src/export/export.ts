import { dirname } from 'node:path';
import { walkConcurrently } from './concurrent-walk.ts';
import { PartFiles } from './part-files.ts';
import { type ExportedTable, type ExportOptions, RowFilter } from './row-filter.ts';
import { SpillBudget } from './segment-rows.ts';

/**
 * Walks the vendor's stretches, several at once, writes their rows as CSV into `<path>.partial`, reads the bytes back
 * from the disk, and only then gives the file its name. Throws what the vendor throws, and `protocol` where the pages
 * contradict each other. On failure the `.partial` may remain; whoever made the folder removes it.
 */
export async function exportEvents(options: ExportOptions): Promise<ExportedTable> {
  const { vendor, session, path, maxBytes, concurrency } = options;
  const parts = new PartFiles(path, maxBytes);
  const table = new RowFilter(options, parts);
  const gathering = new SpillBudget(table, dirname(path), options.mostHeldBytes);
  try {
    for await (const gathered of walkConcurrently(vendor.segments(session), concurrency, () => gathering.begin())) {
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
