/** Everything that can go wrong between a vendor and its client. */

import { BODIES } from './bodies.ts';
import { CONNECTIONS } from './connections.ts';
import { CONTENTS } from './contents.ts';
import type { FaultKind, WorldKind } from './kind.ts';
import { ROWS, TOKENS_AND_CLOCKS } from './rows.ts';
import { STATUSES } from './statuses.ts';

/** Faults in place of one answer. */
export const FAULTS: readonly FaultKind[] = [...STATUSES, ...CONNECTIONS, ...BODIES];

/** All worlds, each of which lasts for a whole run. */
export const WORLDS: readonly WorldKind[] = [...ROWS, ...CONTENTS, ...TOKENS_AND_CLOCKS];

export const faultOf: ReadonlyMap<string, FaultKind> = new Map(FAULTS.map((kind) => [kind.name, kind]));
export const worldOf: ReadonlyMap<string, WorldKind> = new Map(WORLDS.map((kind) => [kind.name, kind]));
