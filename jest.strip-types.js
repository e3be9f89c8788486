import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

/** Lets jest run TypeScript as Node itself does: by removing the types. */
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  getCacheKey: (source, file, { configString, instrument }) =>
    createHash('sha256')
      .update(JSON.stringify([process.version, file, source, configString, instrument]))
      .digest('hex'),
};
