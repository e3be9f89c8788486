import { inputError } from '../base/errors.ts';
import type { Vendor } from '../vendors/contract.ts';

/**
 * Reads the organisation, as the vendor's path has it, and the Git provider; null where the vendor has none in its paths.
 * Throws `input`.
 */
export function readOrg(text: string, vendor: Vendor): { org: string | null; provider: string | null } {
  const { required, pattern, form, providers } = vendor.org;
  if (text === '' && required) throw inputError('org', `${vendor.name} needs an organisation.`, `Write ${form}.`);
  const slash = providers ? text.indexOf('/') : -1;
  const provider = slash < 0 ? (providers?.[0] ?? null) : text.slice(0, slash);
  const org = text.slice(slash + 1);
  if (provider !== null && !providers?.includes(provider)) {
    throw inputError(
      'org',
      `\`${provider}\` is not a Git provider of ${vendor.name}.`,
      `Providers: ${providers?.join(', ')}.`,
    );
  }
  if (text !== '' && (!pattern.test(org) || /^\.+$/.test(org))) {
    throw inputError('org', `\`${text}\` is not an organisation of ${vendor.name}.`, `Write ${form}.`);
  }
  return { org: required ? org : null, provider };
}
