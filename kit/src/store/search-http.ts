import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from 'node:http';
import { Agent as HttpsAgent, request as tlsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { outputTooLarge } from '../definitions/definitions.js';
import { type ConnectionCounts, Places } from './pool.js';

export interface ClusterOptions {
  /** With user and password, where there are any. */
  readonly nodes: readonly URL[];
  readonly apiKey: string | undefined;
  /** Certificates of authorities in PEM, in the place of those that Node.js knows. */
  readonly ca: string | undefined;
  readonly poolSize: number;
  readonly timeoutMs: number;
}

export interface SearchRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Below the address of the node, its parts encoded. */
  readonly path: string;
  readonly body?: object | readonly object[] | undefined;
  /** Whether it may be sent again when nobody knows what became of it. */
  readonly isSafe?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** By default that of the cluster. */
  readonly timeoutMs?: number;
  /** Also sent to nodes that are left alone for a while. */
  readonly isProbe?: boolean;
}

export interface SearchResponse {
  readonly status: number;
  readonly body: unknown;
}

/** A node could not be reached, or its answer did not arrive. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';

  constructor(
    /** Whether the request may have been carried out. */
    readonly isUncertain: boolean,
    /** Whether the time was up. */
    readonly isLate: boolean,
    cause?: unknown,
  ) {
    super(isLate ? 'no answer in time' : 'no answer', { cause });
  }
}

/** How long a connection may take, or a place among those that are in use (milliseconds). */
const CONNECT_MS = 3_000;
/** A connection with nothing to do is closed before a load balancer does it (milliseconds). */
const IDLE_MS = 30_000;
/** How long a node is left alone that has failed so often in a row (milliseconds). */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 15_000;
const FAILURES = 3;
/** The answer to one request (bytes). */
export const MAX_RESPONSE_BYTES = 16_000_000;
/** Before a request is sent again, with as much again at random (milliseconds). */
const RETRY_MS = 50;
/** Overloaded, or a gateway without a node behind it. */
const TRY_AGAIN = [429, 502, 503, 504];

interface Node {
  readonly url: URL;
  readonly authorization: string | undefined;
  failures: number;
  pausedUntil: number;
}

/**
 * The nodes of a cluster, over HTTP. Requests take turns among them. A node that fails three times in a row is left alone, from one
 * second up to 15; a request that no node has seen goes to the next one, and one that is safe also when its answer is lost.
 */
export class Cluster {
  readonly #nodes: readonly Node[];
  readonly #places: Places;
  readonly #agents: { readonly plain: HttpAgent; readonly tls: HttpsAgent };
  #isClosed = false;
  #turn = 0;

  constructor(private readonly options: ClusterOptions) {
    const { nodes, apiKey, ca, poolSize } = options;
    this.#nodes = nodes.map((url) => ({
      url,
      authorization: apiKey === undefined ? basicOf(url) : `ApiKey ${apiKey}`,
      failures: 0,
      pausedUntil: 0,
    }));
    this.#places = new Places(poolSize);
    const pool = { keepAlive: true, timeout: IDLE_MS, maxSockets: poolSize };
    this.#agents = { plain: new HttpAgent(pool), tls: new HttpsAgent({ ...pool, ca }) };
  }

  get counts(): ConnectionCounts {
    const { plain, tls } = this.#agents;
    const idle = [plain, tls].flatMap(({ freeSockets }) => Object.values(freeSockets).flat());
    return { ...this.#places.counts, idle: idle.length };
  }

  /**
   * @throws {NoAnswerError} when no node answered
   * @throws {ToolError} `OUTPUT_TOO_LARGE`
   */
  async send(request: SearchRequest): Promise<SearchResponse> {
    const { signal, timeoutMs = this.options.timeoutMs } = request;
    signal?.throwIfAborted();
    // Timers of our own: signals made of signals may be collected with theirs before they fire.
    const stop = new AbortController();
    const patience = new AbortController();
    const late = new DOMException('no answer in time', 'TimeoutError');
    const end = (reason: unknown) => {
      stop.abort(reason);
      patience.abort(reason);
    };
    const leave = () => end(signal?.reason);
    signal?.addEventListener('abort', leave, { once: true });
    const timers = [
      setTimeout(end, timeoutMs, late),
      setTimeout(() => patience.abort(new Error('no free place')), CONNECT_MS),
    ];
    let isWaiting = true;
    try {
      return await this.#places.within(patience.signal, () => {
        isWaiting = false;
        return this.#try(request, stop.signal);
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw isWaiting ? new NoAnswerError(false, error === late, error) : error;
    } finally {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#isClosed = true;
    this.#agents.plain.destroy();
    this.#agents.tls.destroy();
  }

  async #try(request: SearchRequest, stop: AbortSignal): Promise<SearchResponse> {
    const attempts = Math.max(2, this.#nodes.length);
    for (let attempt = 1; ; attempt += 1) {
      if (this.#isClosed) throw new NoAnswerError(false, false, new Error('the server ends'));
      const isLast = attempt === attempts;
      const node = this.#next(request.isProbe ?? false);
      try {
        const response = await this.#ask(node, request, stop);
        // A gateway has no node behind it, or the node no cluster: another one may.
        if ([502, 503, 504].includes(response.status)) this.#failed(node);
        else Object.assign(node, { failures: 0, pausedUntil: 0 });
        const again = request.isSafe && TRY_AGAIN.includes(response.status);
        if (!again || isLast) return response;
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        this.#failed(node);
        const again = !error.isLate && (request.isSafe || !error.isUncertain);
        if (!again || isLast || stop.aborted) throw error;
      }
      await sleep(RETRY_MS * (1 + Math.random()), undefined, { signal: stop }).catch(() => {
        throw new NoAnswerError(false, true, stop.reason);
      });
    }
  }

  /** @throws {NoAnswerError} while all nodes are left alone */
  #next(isProbe: boolean): Node {
    const now = performance.now();
    for (let step = 0; step < this.#nodes.length; step += 1) {
      const node = this.#nodes[(this.#turn + step) % this.#nodes.length] as Node;
      if (node.pausedUntil > now && !isProbe) continue;
      this.#turn += step + 1;
      return node;
    }
    throw new NoAnswerError(
      false,
      false,
      new Error('every node has failed several times in a row'),
    );
  }

  #failed(node: Node): void {
    node.failures += 1;
    const over = node.failures - FAILURES;
    if (over < 0) return;
    node.pausedUntil = performance.now() + Math.min(FIRST_PAUSE_MS * 2 ** over, MAX_PAUSE_MS);
  }

  #ask(
    { url, authorization }: Node,
    { method, path, body }: SearchRequest,
    stop: AbortSignal,
  ): Promise<SearchResponse> {
    const text = body === undefined ? undefined : textOf(body);
    const isTls = url.protocol === 'https:';
    const options = {
      method,
      // Not with `URL`, which would make another path of `..` in it.
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || (isTls ? 443 : 80),
      path: url.pathname.replace(/\/$/, '') + path,
      agent: isTls ? this.#agents.tls : this.#agents.plain,
      headers: {
        accept: 'application/json',
        ...(authorization !== undefined && { authorization }),
        ...(text !== undefined && {
          'content-type': Array.isArray(body) ? 'application/x-ndjson' : 'application/json',
          'content-length': Buffer.byteLength(text),
        }),
      },
    };
    return exchange((isTls ? tlsRequest : request)(options), text, stop);
  }
}

/** Sends a request and reads the answer. Whoever stops closes the connection, and the node then cancels what it does for it. */
function exchange(
  sending: ClientRequest,
  text: string | undefined,
  stop: AbortSignal,
): Promise<SearchResponse> {
  return new Promise((resolve, reject) => {
    let isSent = false;
    let timer: NodeJS.Timeout | undefined;
    const end = (error?: unknown) => {
      clearTimeout(timer);
      stop.removeEventListener('abort', abort);
      if (error !== undefined) reject(error);
    };
    const abort = () => {
      const isLate = (stop.reason as Error).name === 'TimeoutError';
      end(new NoAnswerError(isSent, isLate, stop.reason));
      sending.destroy();
    };
    sending.on('socket', (socket) => {
      if (!socket.connecting) {
        isSent = true;
        return;
      }
      timer = setTimeout(() => {
        sending.destroy(new Error(`no connection within ${CONNECT_MS} ms`));
      }, CONNECT_MS);
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        isSent = true;
      });
    });
    sending.on('error', (error) => end(new NoAnswerError(isSent, false, error)));
    sending.on('response', (response) => {
      readJson(response).then(
        (body) => {
          end();
          resolve({ status: response.statusCode ?? 0, body });
        },
        (error: unknown) => {
          sending.destroy();
          end(error);
        },
      );
    });
    if (stop.aborted) abort();
    else {
      stop.addEventListener('abort', abort, { once: true });
      sending.end(text);
    }
  });
}

/**
 * @throws {NoAnswerError} when the answer breaks off, or is not JSON: a proxy says something
 * @throws {ToolError} `OUTPUT_TOO_LARGE`
 */
async function readJson(response: IncomingMessage): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of response as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (bytes > MAX_RESPONSE_BYTES) break;
      pieces.push(piece);
    }
  } catch (error) {
    throw new NoAnswerError(true, false, error);
  }
  if (bytes > MAX_RESPONSE_BYTES) throw outputTooLarge(MAX_RESPONSE_BYTES);
  const text = Buffer.concat(pieces).toString();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    const isFailure = (response.statusCode ?? 0) >= 400;
    if (isFailure) return undefined;
    throw new NoAnswerError(true, false, new Error('the answer is not JSON: is it a proxy?'));
  }
}

/** Several objects are lines of their own. */
function textOf(body: object): string {
  if (!Array.isArray(body)) return JSON.stringify(body);
  return body.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function basicOf({ username, password }: URL): string | undefined {
  if (username === '') return undefined;
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}
