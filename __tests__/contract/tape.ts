import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';

/** What one vendor says to one export, written down. */
export interface Tape {
  /** The document that the shapes are from. */
  readonly source: string;
  /** `document`: made up after the document; never `live` unless it was. */
  readonly captured: 'document' | 'live';
  /** The action's inputs, but for `base-url`. */
  readonly query: Readonly<Record<string, string>>;
  /** What the document requires of the answers, as paths into a JSON body (`*`: the first entry) or CSV columns. */
  readonly required: readonly string[];
  /** Secrets that are not inputs: a token that a log-in gives. */
  readonly secrets?: readonly string[];
  readonly exchanges: readonly Exchange[];
}

export interface Exchange {
  /** The export does without it: a second source that only proves the first one whole. */
  readonly spare?: true;
  readonly request: {
    readonly method: string;
    readonly path: string;
    /** Without a question mark, as it is encoded on the wire. */
    readonly query: string;
    /** All but those of the connection (`host`, `connection`, `content-length`). */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
  readonly response: Answer;
  /** The body of the response where the window holds no events; left out where it stays the same. */
  readonly empty?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A text as it is, anything else as JSON. */
  readonly body: unknown;
}

/** Answers one exchange in the tape's place. */
export type Fault = (res: ServerResponse, answer: Answer) => void;

export const TAPES = new URL('../fixtures/tapes/', import.meta.url);

/** Names of all tapes: a vendor's id, and for a second tape of the same vendor a `-` and what it shows. */
export const tapeNames: readonly string[] = readdirSync(TAPES)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

/** Numbers keep their digits, as the wire has them. */
export function readTape(name: string): Tape {
  const text = readFileSync(new URL(`${name}.json`, TAPES), 'utf8');
  const keepDigits = (_key: string, value: unknown, { source }: { readonly source?: string }) =>
    typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value) ? JSON.rawJSON(source) : value;
  return JSON.parse(text, keepDigits) as Tape;
}

export interface TapeServer {
  readonly origin: string;
  /** Indices of the exchanges that were asked for, in order. */
  readonly asked: readonly number[];
  /** Requests that are on no tape. */
  readonly strangers: readonly string[];
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/**
 * Plays a tape on loopback. A request has to match one on the tape in everything; any other is answered with 599.
 * @param fault hears of each match, with how often it matched before; what it returns answers instead.
 */
export async function play(
  tape: Tape,
  fault: (index: number, before: number) => Fault | undefined = () => undefined,
): Promise<TapeServer> {
  const asked: number[] = [];
  const strangers: string[] = [];
  const wanted = tape.exchanges.map(({ request }) => fingerprint(request));
  const server = createServer(async (req, res) => {
    const request = await readRequest(req);
    const index = wanted.indexOf(request);
    const exchange = tape.exchanges[index];
    if (exchange === undefined) {
      strangers.push(request);
      res.writeHead(599).end();
      return;
    }
    const before = asked.filter((one) => one === index).length;
    asked.push(index);
    (fault(index, before) ?? give)(res, exchange.response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  open.push(
    () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  );
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, strangers };
}

export const bytesOf = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

/** The answer as it is. */
export const give: Fault = (res, { status, headers, body }) => {
  const bytes = bytesOf(body);
  res.writeHead(status, { ...headers, 'content-length': bytes.length }).end(bytes);
};

/** The answer with its whole length announced, and the connection cut before its last byte. */
export const cut: Fault = (res, { status, headers, body }) => {
  const bytes = bytesOf(body);
  res.writeHead(status, { ...headers, 'content-length': bytes.length });
  res.write(bytes.subarray(0, -1), () => res.destroy());
};

/** Another answer. */
export const instead =
  (answer: Answer): Fault =>
  (res) =>
    give(res, answer);

function fingerprint({ method, path, query, headers, body }: Exchange['request']): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([method, path, query, sorted, body === null ? '' : JSON.stringify(body)]);
}

const OF_THE_CONNECTION = ['host', 'connection', 'content-length'];

async function readRequest(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const [path = '', query = ''] = (req.url ?? '').split(/\?(.*)/s);
  const headers = Object.entries(req.headers).filter(([name]) => !OF_THE_CONNECTION.includes(name)) as [
    string,
    string,
  ][];
  const body = Buffer.concat(chunks).toString();
  return fingerprint({
    method: req.method ?? '',
    path,
    query,
    headers: Object.fromEntries(headers),
    body: body === '' ? null : JSON.parse(body),
  });
}
