/** The endpoints of files' bytes: `/git/blobs`. */

import { json, Refusal, type SandboxResponse } from '../server.ts';
import type { Call } from './call.ts';
import { invalid, readBody, readContent, requireSha, requireSize } from './fields.ts';

export function getBlob({ repository, name, url }: Call): SandboxResponse {
  requireSha(name);
  const blob = repository.objects.body(name, 'blob');
  if (!blob) throw new Refusal(404, 'Not Found');
  return json(200, {
    sha: name,
    size: blob.length,
    url: `${url}/git/blobs/${name}`,
    content: blob.toString('base64').replace(/.{1,60}/g, '$&\n'),
    encoding: 'base64',
  });
}

export function createBlob({ repository, body, url, limits }: Call): SandboxResponse {
  const { content, encoding = 'utf-8' } = readBody(body, { content: 'string', 'encoding?': 'string' });
  if (encoding !== 'utf-8' && encoding !== 'base64') {
    throw invalid([`For 'properties/encoding', ${encoding} is not a member of ["utf-8", "base64"].`]);
  }
  const bytes = encoding === 'base64' ? readContent(content) : Buffer.from(content);
  requireSize(bytes, limits.blobBytes);
  const sha = repository.objects.write('blob', bytes);
  return json(201, { sha, url: `${url}/git/blobs/${sha}` });
}
