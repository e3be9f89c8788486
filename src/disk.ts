import { ExportError } from './errors.ts';

/** The outcome of work on a file or folder. Throws `destination` where the disk refuses it. */
export async function onDisk<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'no error code';
    throw refused(path, `The export cannot be written (${code}).`, cause);
  }
}

/** The error for a disk that does not do what it was asked. */
export const refused = (path: string, what: string, cause: unknown): ExportError =>
  new ExportError('destination', what, {
    where: path,
    next: 'Check the space and the health of the disk of the runner, and run the export again.',
    cause,
  });
