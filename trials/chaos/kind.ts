/** Types of the tables of faults. */

import type { LedgerEvent, VendorId } from '../../sandbox/ledger.ts';
import type { Fault, SandboxRequest, SandboxResponse, VendorOptions } from '../../sandbox/server.ts';
import type { ErrorKind } from '../../src/base/errors.ts';
import type { Setting } from '../year/setting.ts';

export type Random = () => number;

interface Named {
  readonly name: string;
  /** The kinds of errors in which it may end a run; empty where the export has to be exact all the same. */
  readonly ends: readonly ErrorKind[];
  /** Costs much time, so it is drawn a hundred times more seldom than others. */
  readonly costly?: boolean;
}

/** A fault in place of one answer. */
export interface FaultKind extends Named {
  /** Whether a client that tries again has to succeed; else it has to fail, or the answer is as good as the true one. */
  readonly transient: boolean;
  /** The vendors where it can be noticed. Defaults to all. */
  readonly vendors?: readonly VendorId[];
  readonly make: (random: Random, means: FaultTools) => Fault;
}

export interface FaultTools {
  /** The vendor's clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Lets the time of the request run out. */
  readonly timeOut: () => void;
}

/** Something about the vendor that is so for a whole run. */
export interface WorldKind extends Named {
  /** A run has at most one of a group: two of them could hide each other. */
  readonly group: 'rows' | 'contents' | 'order' | 'token' | 'clock' | 'bounds';
  /** Whether the world means something in a scenario, and can be noticed. */
  readonly fits: (scenario: Scenario) => boolean;
  /** @param at the request, counted from 0, from which it is so, for those that begin. */
  readonly make: (scenario: Scenario, random: Random, at: number) => World;
  /** Kinds of errors in which the run may end where other faults use up the tries that the world needs. */
  readonly endsBesideOthers?: readonly string[];
}

/** Surroundings of a world; drawn from the seed alone. */
export interface Scenario {
  readonly vendor: VendorId;
  readonly setting: Setting;
  readonly window: { readonly from: number; readonly to: number };
  readonly events: readonly LedgerEvent[];
  /** Whether many events stand close together. */
  readonly crowded: boolean;
  /** The request that is being answered, counted from 0. */
  readonly request: () => number;
}

export interface World extends Pick<VendorOptions, 'arrange' | 'alter'> {
  /** In place of the ledger's. */
  readonly events?: readonly LedgerEvent[];
  /** Options of the sandbox vendor. */
  readonly server?: Readonly<Record<string, unknown>>;
  /** Inputs of the action; null takes one away. */
  readonly inputs?: Readonly<Record<string, string | null>>;
  /** Whether the vendor tells of an event at a request. */
  readonly visible?: (event: LedgerEvent, request: number) => boolean;
  /** Answers in the vendor's place. */
  readonly fault?: (request: SandboxRequest, index: number) => Fault | undefined;
  /** How far the vendor's clock is ahead, in milliseconds. */
  readonly skewMs?: number;
  /** Columns of the vendor's CSV by their true names. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Requests whose answers are needed to notice anything: no fault takes their place. */
  readonly spares?: (request: SandboxRequest) => boolean;
  /** Whether what the vendor tells contradicts itself, so that no export can be right. */
  readonly absurd?: boolean;
}

export const JSON_VENDORS: readonly VendorId[] = ['infisical', 'datafold', 'codacy'];

/** A whole number, both ends included. */
export const whole = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));

export const pick = <Value>(random: Random, values: readonly Value[]): Value =>
  values[whole(random, 0, values.length - 1)] as Value;

/** The body as text, changed. */
export const withBody = (answer: SandboxResponse, change: (body: string) => string): SandboxResponse => ({
  ...answer,
  body: change(String(answer.body)),
});
