/** Destination of a year's exports: the inputs that name it, and the way to find the exports there again. */

import type { Fault, SandboxRequest } from '../../sandbox/server.ts';
import type { ExportFolder, FoundExport } from './exports.ts';
import type { PlannedRun } from './nights.ts';

export interface Delivery {
  readonly inputs: Readonly<Record<string, string>>;
  /** The address of GitHub's API. */
  readonly apiUrl: string;
  /** A folder that runners may fill; removed at the end. */
  readonly temp: string;
  /** Whether runs can be at once in this process. */
  readonly together: boolean;
  /** Prepares a run. */
  readonly prepare: (run: PlannedRun) => void;
  /** Takes the chain's last export away, as a person may; null where there is none that can go. */
  readonly lose: () => Promise<ExportFolder | null>;
  /** Everything that was delivered and is still there. */
  readonly folders: () => Promise<readonly ExportFolder[]>;
  /** Flaws of the place itself. */
  readonly flaws: (exports: readonly FoundExport[], lost: readonly FoundExport[]) => string[];
  /** How often GitHub was asked. */
  readonly requests: () => number;
  readonly close: () => Promise<void>;
}

export interface DeliveryOptions {
  readonly token: string;
  /** Inputs of the destination `commit`. */
  readonly commit: Readonly<Record<string, string>>;
  /** Whether the repository has no commit yet. */
  readonly empty: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Returns the fault of a request to GitHub, if any. */
  readonly intercept: (request: SandboxRequest) => Fault | undefined;
}

export type OpenDelivery = (options: DeliveryOptions) => Promise<Delivery>;

export const REPOSITORY = 'acme/audit';
