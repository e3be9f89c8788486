/** The five servers by vendor id. */

import type { SandboxServer } from '../server.ts';
import { type AitronosOptions, startAitronos } from './aitronos.ts';
import { type CodacyOptions, startCodacy } from './codacy.ts';
import { type DatafoldOptions, startDatafold } from './datafold.ts';
import { type InfisicalOptions, startInfisical } from './infisical.ts';
import { type KosliOptions, startKosli } from './kosli.ts';

export interface OptionsByVendor {
  readonly kosli: KosliOptions;
  readonly infisical: InfisicalOptions;
  readonly datafold: DatafoldOptions;
  readonly aitronos: AitronosOptions;
  readonly codacy: CodacyOptions;
}

const STARTERS: { readonly [Id in keyof OptionsByVendor]: (options: OptionsByVendor[Id]) => Promise<SandboxServer> } = {
  kosli: startKosli,
  infisical: startInfisical,
  datafold: startDatafold,
  aitronos: startAitronos,
  codacy: startCodacy,
};

export const startVendor = <Id extends keyof OptionsByVendor>(id: Id, options: OptionsByVendor[Id]) =>
  STARTERS[id](options);
