/** The part of GitHub's GraphQL schema that is spoken here, so that every request is checked against it to the letter. */

import { buildSchema, GraphQLError, type GraphQLScalarType, valueFromASTUntyped } from 'graphql';
import { decodeBase64 } from './fields.ts';

/** Types of GitHub's published schema, with the fields that matter here. */
export const schema = buildSchema(`
  scalar Base64String
  scalar DateTime
  scalar GitObjectID
  scalar URI

  type Query {
    repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
  }
  type Repository {
    id: ID!
    nameWithOwner: String!
    isEmpty: Boolean!
    isPrivate: Boolean!
    defaultBranchRef: Ref
    ref(qualifiedName: String!): Ref
  }
  type Ref {
    id: ID!
    name: String!
    prefix: String!
    target: GitObject
  }
  interface GitObject {
    id: ID!
    oid: GitObjectID!
    commitUrl: URI!
  }
  type Commit implements GitObject {
    id: ID!
    oid: GitObjectID!
    commitUrl: URI!
    url: URI!
    message: String!
    committedDate: DateTime!
  }

  type Mutation {
    createCommitOnBranch(input: CreateCommitOnBranchInput!): CreateCommitOnBranchPayload
  }
  input CreateCommitOnBranchInput {
    branch: CommittableBranch!
    clientMutationId: String
    expectedHeadOid: GitObjectID!
    fileChanges: FileChanges
    message: CommitMessage!
  }
  input CommittableBranch {
    branchName: String
    id: ID
    repositoryNameWithOwner: String
  }
  input CommitMessage {
    body: String
    headline: String!
  }
  input FileChanges {
    additions: [FileAddition!] = []
    deletions: [FileDeletion!] = []
  }
  input FileAddition {
    contents: Base64String!
    path: String!
  }
  input FileDeletion {
    path: String!
  }
  type CreateCommitOnBranchPayload {
    clientMutationId: String
    commit: Commit
    ref: Ref
  }
`);

/** The input as the resolver gets it, its base64 decoded. */
export interface CreateCommitOnBranchInput {
  readonly branch: { readonly branchName?: string; readonly id?: string; readonly repositoryNameWithOwner?: string };
  readonly clientMutationId?: string | null;
  readonly expectedHeadOid: string;
  readonly fileChanges?: FileChanges | null;
  readonly message: { readonly headline: string; readonly body?: string | null };
}

export interface FileChanges {
  readonly additions?: readonly { readonly path: string; readonly contents: Buffer }[] | null;
  readonly deletions?: readonly { readonly path: string }[] | null;
}

readScalar('Base64String', decodeBase64, 'is not base64');
readScalar('GitObjectID', (text) => (/^[0-9a-f]{40}$/.test(text) ? text : null), 'is not a Git object ID');

/** Has a scalar read by a function that gives null for what it refuses. */
function readScalar(name: string, read: (text: string) => unknown, fault: string): void {
  const scalar = schema.getType(name) as GraphQLScalarType;
  scalar.parseValue = (value) => {
    const parsed = typeof value === 'string' ? read(value) : null;
    if (parsed === null) throw new GraphQLError(`${JSON.stringify(value)?.slice(0, 60)} ${fault}`);
    return parsed;
  };
  scalar.parseLiteral = (node, variables) => scalar.parseValue(valueFromASTUntyped(node, variables));
}
