import { asObject, requireInstant, requireString } from '../json/values.ts';
import { formatInstant } from '../time/instant.ts';
import { pad, sliceWindow, type Window } from '../time/window.ts';
import { capGuard, type Fetched } from './cap-guard.ts';
import type { EventShape, Segment, Session, Vendor, VendorEvent } from './contract.ts';
import { asAsked } from './paging.ts';

const PATH = '/api/v1/audit_logs';
/** Length of a slice: one response holds a whole slice, so a slice is a day. */
const SLICE_MS = 86_400_000;
/**
 * Milliseconds by which a window is widened, since no document says whether bounds are inclusive; the export leaves out
 * what is outside.
 */
const PAD_MS = 1000;
/** Next step where the window was dropped on the way: the vendor then answers without a filter. */
const DROPPED =
  'A proxy on the way may drop the body of GET requests, in which the window travels: take it out of the way (`NO_PROXY`).';

const COLUMNS = [
  { name: 'action', meaning: 'what was done' },
  { name: 'client_ip', meaning: 'where the request came from' },
  { name: 'event_uuid', meaning: 'id of the event' },
  { name: 'is_support_user', meaning: "whether Datafold's support acted" },
  { name: 'log_entry', meaning: 'the event in words' },
  { name: 'object_id', meaning: 'id of the object acted on' },
  { name: 'object_type', meaning: 'its type' },
  { name: 'payload', meaning: 'details, as JSON' },
  { name: 'referer', meaning: 'of the request' },
  { name: 'request_type', meaning: 'of the request' },
  { name: 'source', meaning: 'of the event' },
  { name: 'status', meaning: 'how it ended, as the vendor words it' },
  { name: 'timestamp', meaning: 'when it happened; rows are filtered to the window by it; UTC where it has no offset' },
  { name: 'url', meaning: 'of the request' },
  { name: 'user_agent', meaning: 'of the request' },
  { name: 'user_email', meaning: 'who acted' },
  { name: 'user_id', meaning: 'who acted' },
];
const SHAPE: EventShape = { columns: COLUMNS, time: 'timestamp', id: 'event_uuid', strings: [['client_ip'], ['url']] };

function* segments({ query, download, events, note }: Session): Generator<Segment> {
  const guard = capGuard(PAD_MS);
  const fetch = async (window: Window): Promise<Fetched> => {
    const asked = pad(window, PAD_MS);
    const body = { start_date: formatInstant(asked.from), end_date: formatInstant(asked.to) };
    const answer = await download({ path: PATH, body, accept: 'json' });
    const about = { vendor: 'Datafold', where: answer.where, next: DROPPED };
    const read = () => asAsked(events(answer, { field: 'logs' }, SHAPE, readLog), asked, about);
    return { events: read, complete: false, release: answer.release };
  };
  note(
    'Datafold documents neither paging nor a row cap: each day is one response, and the largest answers were looked at again for a row cap.',
  );
  for (const day of sliceWindow(query.window, SLICE_MS)) yield () => guard(day, fetch);
}

function readLog(entry: unknown, where: string): VendorEvent {
  const body = asObject(entry, 'a log', where);
  for (const name of ['client_ip', 'url']) requireString(body, name, where);
  return { id: requireString(body, 'event_uuid', where), time: requireInstant(body, 'timestamp', where), body };
}

/** Organisation audit log of Datafold: one JSON response a window. */
export const datafold: Vendor = {
  id: 'datafold',
  name: 'Datafold',
  document: { url: 'https://docs.datafold.com/api-reference/audit-logs/get-audit-logs', read: '2026-11-01' },
  hosts: { us: 'https://app.datafold.com', eu: 'https://eu.datafold.com' },
  org: {
    required: false,
    pattern: /^[\w.-]{1,100}$/,
    form: 'letters, digits, `.`, `_` and `-`; it only names the export',
  },
  headers: (token) => ({ authorization: `Key ${token}` }),
  filters: [],
  columns: COLUMNS,
  format: 'json',
  idColumn: 'event_uuid',
  timeColumn: 'timestamp',
  order: 'time',
  retention: null,
  guide: {
    token: 'Settings → Account: create an API key.',
    access: 'A user who may read the audit log of the organisation.',
    limits: ['One response a day of the window, of at most 16 GiB; a large one may need a longer `request-timeout`.'],
    unverified: [
      'Time format, bounds, order and caps are undocumented: times without an offset are read as UTC, a second more is asked on either side and left out.',
      'No live account was tried.',
    ],
  },
  segments,
  common: {
    action: 'action',
    actor_id: 'user_id',
    actor_email: 'user_email',
    target_type: 'object_type',
    target_id: 'object_id',
    source_ip: 'client_ip',
    user_agent: 'user_agent',
  },
};
