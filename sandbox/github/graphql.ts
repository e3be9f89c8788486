/** GitHub's GraphQL API, as far as commits go: `createCommitOnBranch`, and enough of a query to find the head. */

import { GraphQLError, graphqlSync } from 'graphql';
import { json, Refusal, type SandboxRequest, type SandboxResponse } from '../server.ts';
import { createCommitOnBranch } from './create-commit.ts';
import { readBody } from './fields.ts';
import { type Find, found, repositoryNode } from './nodes.ts';
import { type CreateCommitOnBranchInput, schema } from './schema.ts';

/** Answers a request to `/graphql`. Whatever the mutation refuses comes with status 200, as GitHub has it. */
export function answerGraphql(request: SandboxRequest, find: Find): SandboxResponse {
  if (request.method !== 'POST') throw new Refusal(404, 'Not Found');
  const { query, variables, operationName } = readBody(request.body, {
    query: 'string',
    'variables?': 'object',
    'operationName?': 'string or null',
  });
  const { data, errors } = graphqlSync({
    schema,
    source: query,
    variableValues: variables,
    operationName,
    rootValue: {
      repository: ({ owner, name }: { owner: string; name: string }) => repositoryNode(found(find, `${owner}/${name}`)),
      createCommitOnBranch: ({ input }: { input: CreateCommitOnBranchInput }) => createCommitOnBranch(find, input),
    },
  });
  return json(200, { ...(data === undefined ? {} : { data }), ...(errors ? { errors: errors.map(errorJson) } : {}) });
}

/** A value that is refused is quoted in the message, and may be megabytes long. */
const MESSAGE_CHARACTERS = 500;

function errorJson(error: GraphQLError) {
  const { originalError: cause, extensions, path, locations, message } = error;
  if (cause && !(cause instanceof GraphQLError)) throw cause;
  return { type: extensions['type'], path, locations, message: message.slice(0, MESSAGE_CHARACTERS) };
}
