import type { MaybePromise } from '../calls/maybe-async.js';

/**
 * A request as this server sees it: what it reads of a web-standard `Request`, so that one that came to `node:http` need
 * not become one.
 */
export interface Incoming {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: RequestHeaders;
  /** The address that it came from. */
  readonly sender: string;
  /** Aborted when the answer is sent or the client has gone. */
  readonly signal: AbortSignal;
  /** Calls `work` when the answer is sent or the client has gone. */
  whenOver(work: () => void): void;
  /**
   * The body, or `undefined` when it has more than `maxBytes` bytes; the rest of it is not read then.
   * @throws when it breaks off.
   */
  read(maxBytes: number): Promise<Buffer | undefined>;
  /** The same as a web-standard `Request`, without the body. */
  toRequest(): Request;
}

/** Values that were sent under one name are joined by commas, so that none of them is hidden. */
export type RequestHeaders = Pick<Headers, 'get'>;

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** A text, the parts of one, a stream, or what is written as it comes. */
  readonly body: string | Uint8Array[] | ReadableStream<Uint8Array> | WrittenBody | null;
}

/** A body that is written as it comes. On Node.js it costs a fraction of a web stream. */
export interface WrittenBody {
  start(target: BodyTarget): void;
}

export interface BodyTarget {
  /** Resolves when the client has read enough for more. */
  write(text: string): MaybePromise<void>;
  end(): void;
}

/** Takes over what the protocol library answers. */
export function fromResponse({ status, headers, body }: Response): Answer {
  return { status, headers: Object.fromEntries(headers), body };
}

/** A JSON answer. */
export function json(status: number, body: unknown, headers?: Record<string, string>): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** A refusal in the shape that MCP clients understand: a JSON-RPC error without an id. */
export function refuse(
  status: number,
  message: string,
  headers?: Record<string, string>,
  code = -32_000,
): Answer {
  return json(status, { jsonrpc: '2.0', id: null, error: { code, message } }, headers);
}
