/** A real Azure Blob emulator: what GitHub keeps artifacts in. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import {
  BlobSASPermissions,
  BlobServiceClient,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';

export interface Emulator {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly blobs: ReturnType<BlobServiceClient['getContainerClient']>;
  /** A signed link to a blob, good for an hour: `cw` to write it, `r` to read it, then under the Content-Disposition given. */
  link(blob: string, permissions: 'cw' | 'r', contentDisposition?: string): string;
  close(): Promise<void>;
}

const ACCOUNT = 'sandbox';
const CONTAINER = 'artifacts';
const LINK_LIFETIME_MS = 3_600_000;

/** First part of the path of every blob's link. */
export const BLOBS = `/${ACCOUNT}/${CONTAINER}/`;

/**
 * Starts Azurite's blob service on a free loopback port, with a container and an account of its own; it ends with this process in any case.
 * Blobs are kept in memory, or in the folder given.
 */
export async function startEmulator(folder?: string): Promise<Emulator> {
  const key = randomBytes(32).toString('base64');
  const child = spawnAzurite(key, folder);
  const origin = await listening(child);
  const credential = new StorageSharedKeyCredential(ACCOUNT, key);
  const blobs = new BlobServiceClient(`${origin}/${ACCOUNT}`, credential).getContainerClient(CONTAINER);
  await blobs.create();
  return {
    origin,
    blobs,
    link(blob, permissions, contentDisposition) {
      const signature = generateBlobSASQueryParameters(
        {
          containerName: CONTAINER,
          blobName: blob,
          permissions: BlobSASPermissions.parse(permissions),
          expiresOn: new Date(Date.now() + LINK_LIFETIME_MS),
          ...(contentDisposition !== undefined && { contentDisposition }),
        },
        credential,
      );
      return `${origin}${BLOBS}${blob}?${signature}`;
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    },
  };
}

function spawnAzurite(key: string, folder?: string): ChildProcess {
  const endWithParent = 'data:text/javascript,process.on("disconnect",()=>process.exit())';
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const storage = folder === undefined ? ['--inMemoryPersistence'] : ['--location', folder];
  const quiet = ['--loose', '--skipApiVersionCheck', '--silent', '--disableTelemetry'];
  return spawn(
    process.execPath,
    ['--import', endWithParent, main, '--blobHost', '127.0.0.1', '--blobPort', '0', ...storage, ...quiet],
    {
      cwd: folder ?? tmpdir(),
      env: { AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
}

/** Waits for "Azurite Blob service successfully listens on http://127.0.0.1:40387" and returns the origin. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk;
      const origin = /successfully listens on (\S+)/.exec(output)?.[1];
      if (origin !== undefined) {
        resolve(origin);
      }
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`azurite did not start:\n${output}`)));
  });
}
