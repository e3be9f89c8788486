/** One event of each log, as it goes over the wire; the fields are those of the vendors' documents. */

import { AITRONOS_ENTITY_TYPES, csvLine, floatSeconds, pythonTime } from '../../sandbox/ledger.ts';
import type { LogId } from '../logs.ts';
import type { Pen } from './pen.ts';

export interface Seat {
  readonly pen: Pen;
  readonly index: number;
  /** Microseconds since 1970. */
  readonly micros: number;
}

/** An event as it goes over the wire, and its cell in the key column. */
export interface Made {
  readonly text: string;
  readonly key: string;
}

const iso = (micros: number): string => new Date(micros / 1000).toISOString();
const email = (person: string): string => `${person}@example.com`;

const CODACY_ACTIONS = [
  'organizations.gatepolicies.repositories.apply',
  'organizations.people.add',
  'organizations.integrations.update',
  'repositories.create',
  'repositories.delete',
];

function codacy({ pen, micros }: Seat): Made {
  const key = JSON.stringify({ id: pen.uuid(), ...pen.details() });
  const event = {
    actor: email(pen.person()),
    action: pen.pick(CODACY_ACTIONS),
    timestamp: iso(micros),
    result: pen.pick(['succeed', 'succeed', 'succeed', 'failed', 'rejected']),
    source: pen.there() ? pen.pick(['UI', 'API']) : undefined,
    repositoryName: pen.there() ? pen.person() : undefined,
    requestDetails: key,
  };
  return { text: JSON.stringify(event), key };
}

function codacyArray({ pen, micros }: Seat): Made {
  const key = pen.uuid();
  const event = {
    actor: { email: email(pen.person()), role: pen.there() ? 'organizationAdmin' : undefined },
    action: pen.pick(CODACY_ACTIONS),
    result: pen.pick(['succeed', 'succeed', 'succeed', 'failed', 'rejected']),
    timestamp: iso(micros),
    source: pen.there() ? pen.pick(['UI', 'API']) : undefined,
    repositoryName: pen.there() ? pen.person() : undefined,
    description: pen.sentence(),
    entityId: key,
    details: pen.there() ? pen.details() : undefined,
  };
  return { text: JSON.stringify(event), key };
}

function infisical({ pen, micros }: Seat): Made {
  const key = pen.uuid();
  const person = pen.person();
  const project = pen.orNull(pen.person());
  const actor = pen.pick([
    { type: 'user', metadata: { userId: `user-${person}`, email: email(person), username: person } },
    { type: 'identity', metadata: { identityId: `identity-${person}`, name: person } },
    { type: 'platform', metadata: null },
  ]);
  const event = {
    id: key,
    ipAddress: pen.orNull(pen.ip()),
    userAgent: pen.orNull(
      pen.pick(['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101', 'infisical-cli/0.41.0']),
    ),
    userAgentType: pen.orNull(pen.pick(['web', 'cli', 'k8-operator', 'terraform', 'other'])),
    expiresAt: pen.orNull(iso(micros + 90 * 86_400_000_000)),
    createdAt: iso(micros),
    updatedAt: iso(micros),
    orgId: '7d4e2c1a-0b3f-4c5d-8e6f-1a2b3c4d5e6f',
    projectId: project,
    projectName: project,
    event: { type: pen.pick(['get-secrets', 'create-secret', 'view-audit-logs']), metadata: pen.orNull(pen.details()) },
    actor,
  };
  return { text: JSON.stringify(event), key };
}

function datafold({ pen, index, micros }: Seat): Made {
  const key = pen.uuid();
  const person = pen.person();
  const event = {
    action: pen.orNull(pen.pick(['create', 'update', 'delete'])),
    client_ip: pen.ip(),
    event_uuid: key,
    is_support_user: pen.orNull(pen.chance(0.1)),
    log_entry: pen.orNull(pen.sentence()),
    object_id: pen.orNull(index),
    object_type: pen.orNull(pen.pick(['datadiff', 'data_source', 'user'])),
    payload: pen.orNull(pen.details()),
    referer: pen.orNull('https://app.datafold.com/'),
    request_type: pen.orNull(pen.pick(['GET', 'POST'])),
    source: pen.orNull(pen.pick(['ui', 'api'])),
    status: pen.orNull(pen.pick(['success', 'failure'])),
    timestamp: pythonTime(micros),
    url: `https://app.datafold.com/api/v1/datadiffs/${index}?tab=${person}`,
    user_agent: pen.orNull('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36'),
    user_email: pen.orNull(email(person)),
    user_id: pen.orNull(pen.whole(1, pen.shape.names)),
  };
  return { text: JSON.stringify(event), key };
}

function kosli({ pen, index, micros }: Seat): Made {
  const key = pen.hex(64);
  const repository = `acme/${pen.person()}`;
  const cells = [
    pen.pick(['started', 'exited', 'changed']),
    'prod-k8s',
    String(index + 1),
    `registry.example/${repository}:${pen.hex(7)}`,
    key,
    pen.sentence(),
    floatSeconds(micros),
    pen.pick(['server', 'web', 'server, web', '']),
    pen.pick(['True', 'False', '']),
    pen.pick(['True', 'False', '']),
    pen.there() ? `https://github.com/${repository}/compare/${pen.hex(7)}...${pen.hex(7)}` : '',
  ];
  return { text: csvLine(cells), key };
}

function aitronos({ pen, micros }: Seat): Made {
  const key = JSON.stringify({ id: pen.uuid(), note: pen.sentence() });
  const person = pen.person();
  const cells = [
    iso(micros).replace('.000Z', 'Z'),
    pen.pick(AITRONOS_ENTITY_TYPES),
    pen.sentence(),
    pen.pick(['created', 'updated', 'deleted', 'invited', 'assigned']),
    person,
    email(person),
    pen.there() ? pen.person() : '',
    pen.there() ? pen.sentence() : '',
    key,
  ];
  return { text: csvLine(cells), key };
}

export const MAKERS: Readonly<Record<LogId, (seat: Seat) => Made>> = {
  codacy,
  'codacy-array': codacyArray,
  infisical,
  datafold,
  kosli,
  aitronos,
};
