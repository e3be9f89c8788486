/** Arguments of an endpoint, once the request may be answered. */

import type { Repository } from './repository.ts';

export interface Limits {
  /** Entries of a recursive listing of a tree. */
  readonly treeEntries: number;
  readonly blobBytes: number;
}

export interface Call {
  readonly repository: Repository;
  /** Part that the endpoint's path captures, decoded: a branch, a path, an id. */
  readonly name: string;
  readonly query: ReadonlyMap<string, string>;
  readonly body: string;
  /** The repository's address in this API, such as `http://127.0.0.1:8080/repos/acme/audit`. */
  readonly url: string;
  readonly limits: Limits;
}
