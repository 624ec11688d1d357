import type * as z from 'zod/v4';
import type { Counter, Histogram } from '../definitions/definitions.js';
import { concatBytes } from '../host/host.js';
import type { PartEnv } from '../parts.js';
import { addQuery, fillPath, isBelow, type PathParams, type Query } from './addresses.js';
import { type Answer, AnswerCache, conditionOf, renewed } from './answer-cache.js';
import {
  ApiError,
  type ErrorType,
  errorOf,
  invalid,
  timedOut,
  tooLarge,
  unavailable,
  usedUp,
  verdictOf,
} from './api-error.js';
import { CircuitBreaker, CircuitOpenError } from './circuit-breaker.js';
import { ANONYMOUS, type Credential, withoutSecrets } from './credentials.js';
import { Pauses, retryAfterMs, usedUpMs } from './rate-limits.js';
import { Places, pause, SharedWork } from './waiting.js';

export interface HttpApiOptions {
  /** What callers know it as: `Open-Meteo`. */
  readonly name: string;
  /** As `apiUrl()` reads it from a setting. */
  readonly baseUrl: string;
  /** This server's own credential, or what gives the present one. */
  readonly credential?: Credential | ((signal: AbortSignal) => Promise<Credential>) | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long one attempt may take, from the connection to the end of the body. */
  readonly timeoutMs?: number;
  /** How often a request is repeated that may be repeated. */
  readonly retries?: number;
  /** How long a request may wait for a server that says when to come back. */
  readonly maxWaitMs?: number;
  /** How many bytes the body of an answer may have, unpacked. */
  readonly maxBytes?: number;
  /** How many requests may be under way at once. */
  readonly concurrency?: number;
  /** After how many outages in a row nothing is sent for `pauseMs`. */
  readonly breakAfter?: number;
  readonly pauseMs?: number;
  /** How many bytes of answers are kept; 0: none. */
  readonly cacheBytes?: number;
  /**
   * What the API says in the JSON body of an error, or in its headers: callers are shown it. By default they are shown nothing of it.
   * @returns one line
   */
  readonly messageOf?: (body: unknown, headers: Headers) => string | undefined;
}

/** What a request consists of. */
export interface ApiRequest<T = undefined> {
  /** That of the call: `ctx.signal`. */
  readonly signal: AbortSignal;
  /** What the JSON body of the answer has to be. Without it the body is not looked at. */
  readonly schema?: z.ZodType<T>;
  /** Values for the `{names}` of the path. */
  readonly params?: PathParams;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The caller's own credential instead of the server's. No caller gets an answer that was meant for another. */
  readonly credential?: Credential | undefined;
  /** Sent as `Idempotency-Key`: with it the API does repeated requests once, so a POST may be repeated. */
  readonly idempotencyKey?: string;
  /** Names what the API limits separately, such as GitHub's `search`. */
  readonly rateLimit?: string;
  /** How long an answer may be used again when the API does not say so. */
  readonly freshSeconds?: number;
}

export interface ApiResponse<T> {
  /** What was asked for. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly data: T;
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request with all that it needs. */
interface Prepared {
  readonly method: Method;
  readonly url: URL;
  /** The path as the code names it, without its values. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly credential: Credential;
  readonly isCallers: boolean;
  /** Equal for requests with equal answers. */
  readonly key: string;
  /** Whom and what the server counts it for. */
  readonly limitKey: string;
  readonly freshSeconds: number;
  readonly isRepeatable: boolean;
}

const REPEATABLE: readonly Method[] = ['GET', 'HEAD', 'PUT', 'DELETE'];
const MAX_REDIRECTS = 3;
const MAX_ERROR_BYTES = 20_000;
const MAX_MESSAGE = 300;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;
const JSON_TYPE = /^(?:application\/(?:[\w.+-]+\+)?json|text\/json)\s*(?:;|$)/i;
/** Seconds. */
const BOUNDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

/**
 * A client for one HTTP API. Equal questions under way are asked once, answers are kept as long as the API allows, requests are repeated where
 * that does no harm, and an API that has failed several times in a row, or wants to be left alone, is.
 *
 * Everything throws `ToolError`s for the caller: `NOT_FOUND`, `CONFLICT`, `RATE_LIMITED`, `OUTPUT_TOO_LARGE`,
 * `UPSTREAM_UNAVAILABLE`, `UPSTREAM_UNAUTHORIZED`, `UPSTREAM_FORBIDDEN`, `UPSTREAM_REJECTED`, `UPSTREAM_INVALID`.
 */
export class HttpApi {
  readonly #options: Required<Omit<HttpApiOptions, 'credential' | 'messageOf'>> &
    Pick<HttpApiOptions, 'credential' | 'messageOf'>;
  readonly #breaker: CircuitBreaker;
  readonly #places: Places;
  readonly #pauses = new Pauses();
  readonly #shared = new SharedWork<Answer>();
  readonly #cache: AnswerCache;
  readonly #cached: Readonly<Record<'hit' | 'miss' | 'revalidated', Counter>>;
  readonly #duration: (type: ErrorType) => Histogram;

  constructor(
    private readonly env: Pick<PartEnv, 'about' | 'host' | 'log' | 'metrics'>,
    options: HttpApiOptions,
  ) {
    this.#options = {
      headers: {},
      timeoutMs: 5_000,
      retries: 2,
      maxWaitMs: 3_000,
      maxBytes: 2_000_000,
      concurrency: 16,
      breakAfter: 5,
      pauseMs: 10_000,
      cacheBytes: 5_000_000,
      ...options,
    };
    const { breakAfter, pauseMs, concurrency, cacheBytes } = this.#options;
    this.#breaker = new CircuitBreaker(breakAfter, pauseMs);
    this.#places = new Places(concurrency);
    this.#cache = new AnswerCache(cacheBytes);

    const { metrics } = env;
    const labels = { server_address: new URL(options.baseUrl).host };
    const durations = metrics.histogram(
      'http_client_request_duration_seconds',
      'How long requests to other services took; error_type is why they failed.',
      BOUNDS,
    );
    this.#duration = (type) => durations({ ...labels, error_type: type });
    // An alert waits for the first one: a series that begins with it would hide it.
    this.#duration('unauthorized');
    const cached = metrics.counter(
      'mcp_outbound_cache_total',
      'Questions to other services, by whether a kept answer could be used.',
    );
    const result = (value: string) => cached({ ...labels, result: value });
    this.#cached = {
      hit: result('hit'),
      miss: result('miss'),
      revalidated: result('revalidated'),
    };
    metrics.gauge('mcp_outbound_cache_bytes', 'What kept answers of other services take.', () => [
      [labels, this.#cache.bytes],
    ]);
    metrics.gauge('mcp_outbound_circuit_open', '1 while another service is not called.', () => [
      [labels, Number(this.#breaker.isOpen)],
    ]);
  }

  get name(): string {
    return this.#options.name;
  }

  get<T = undefined>(path: string, request: ApiRequest<T>): Promise<T> {
    return this.#data('GET', path, request);
  }

  post<T = undefined>(path: string, request: ApiRequest<T>): Promise<T> {
    return this.#data('POST', path, request);
  }

  put<T = undefined>(path: string, request: ApiRequest<T>): Promise<T> {
    return this.#data('PUT', path, request);
  }

  patch<T = undefined>(path: string, request: ApiRequest<T>): Promise<T> {
    return this.#data('PATCH', path, request);
  }

  delete<T = undefined>(path: string, request: ApiRequest<T>): Promise<T> {
    return this.#data('DELETE', path, request);
  }

  /**
   * Sends a request, and returns the answer with its headers.
   * @param path below the base URL, such as `/users/{id}`, or an address that the API has given
   */
  async response<T = undefined>(
    method: Method,
    path: string | URL,
    request: ApiRequest<T>,
  ): Promise<ApiResponse<T>> {
    const { url, answer } = await this.#ask(method, path, request);
    const { status, headers } = answer;
    const data =
      request.schema === undefined ? (undefined as T) : this.#read(answer, request.schema);
    return { url, status, headers, data };
  }

  /** The bytes at a path, such as a file. */
  async bytes(path: string, request: Omit<ApiRequest, 'schema'>): Promise<Uint8Array> {
    return (await this.#ask('GET', path, request, '*/*')).answer.body;
  }

  async #data<T>(method: Method, path: string, request: ApiRequest<T>): Promise<T> {
    return (await this.response(method, path, request)).data;
  }

  async #ask(
    method: Method,
    path: string | URL,
    request: ApiRequest<unknown>,
    accept = 'application/json',
  ): Promise<{ readonly url: URL; readonly answer: Answer }> {
    const { signal } = request;
    const prepared = await this.#prepare(method, path, request, accept);
    const { url, key } = prepared;
    if (method === 'GET') {
      const answer = await this.#shared.run(key, signal, (all) => this.#look(prepared, all));
      return { url, answer };
    }
    try {
      return { url, answer: await this.#send(prepared, signal) };
    } finally {
      // Also after a failure: what the server did before it is not known.
      if (method !== 'HEAD') this.#cache.changed(url.pathname);
    }
  }

  async #prepare(
    method: Method,
    path: string | URL,
    request: ApiRequest<unknown>,
    accept: string,
  ): Promise<Prepared> {
    const { baseUrl, headers, name } = this.#options;
    const own = this.#options.credential ?? ANONYMOUS;
    const credential =
      request.credential ?? (typeof own === 'function' ? await own(request.signal) : own);
    const url = new URL(path instanceof URL ? path : baseUrl + fillPath(path, request.params));
    if (!isBelow(url, baseUrl)) throw invalid(name, 'leads to another server');
    addQuery(url, request.query ?? {});
    for (const [key, value] of Object.entries(credential.query)) url.searchParams.set(key, value);
    const sent = sendable(name, {
      accept,
      'user-agent': `${this.env.about.name}/${this.env.about.version}`,
      ...headers,
      ...request.headers,
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(request.idempotencyKey !== undefined && { 'idempotency-key': request.idempotencyKey }),
      ...credential.headers,
    });
    const { host } = this.env;
    return {
      method,
      url,
      path: path instanceof URL ? '(a further page)' : path,
      headers: sent,
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
      credential,
      isCallers: request.credential !== undefined,
      // It has everything that the answer can depend on, so what is kept for one credential is never found for another.
      key: host.sha256(JSON.stringify([url.href, Object.entries(sent).sort()]), 'base64url'),
      limitKey: host.sha256(
        JSON.stringify([credential.headers, credential.query, request.rateLimit]),
        'base64url',
      ),
      freshSeconds: request.freshSeconds ?? 0,
      isRepeatable: REPEATABLE.includes(method) || request.idempotencyKey !== undefined,
    };
  }

  /** Answers a question out of the cache, or asks it. */
  async #look(prepared: Prepared, signal: AbortSignal): Promise<Answer> {
    const kept = this.#cache.get(prepared.key);
    if (kept?.isFresh) {
      this.#cached.hit.inc();
      return kept.answer;
    }
    const answer = await this.#send(prepared, signal, kept?.answer);
    const isUnchanged = answer.status === 304 && kept !== undefined;
    this.#cached[isUnchanged ? 'revalidated' : 'miss'].inc();
    const result = isUnchanged ? renewed(kept.answer, answer.headers) : answer;
    if (result.status === 200) {
      this.#cache.set(prepared.key, prepared.url.pathname, result, prepared.freshSeconds);
    }
    return result;
  }

  /** Sends a request, again where that does no harm. */
  async #send(prepared: Prepared, signal: AbortSignal, kept?: Answer): Promise<Answer> {
    const { retries, maxWaitMs } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#untilWelcome(prepared, signal);
        return await this.#attempt(prepared, signal, kept);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof CircuitOpenError) {
          throw unavailable(this.name, 'has failed several times in a row', error.ms);
        }
        const isLast = attempt === retries || (wait(error) ?? 0) > maxWaitMs;
        if (isLast || !mayRepeat(error, prepared)) throw this.#told(error, prepared);
      }
      const ms = Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS);
      await pause(ms * (0.5 + Math.random()), signal);
    }
  }

  /** Waits until the server takes requests again. @throws {ApiError} `RATE_LIMITED` when that takes too long. */
  async #untilWelcome({ limitKey }: Prepared, signal: AbortSignal): Promise<void> {
    const { name, maxWaitMs } = this.#options;
    const ms = this.#pauses.left(limitKey);
    if (ms > maxWaitMs) throw usedUp(name, ms);
    if (ms > 0) await pause(ms, signal);
  }

  #attempt(prepared: Prepared, signal: AbortSignal, kept?: Answer): Promise<Answer> {
    return this.#places.run(signal, () => {
      // The server, or its circuit, may have changed while this request waited for its place.
      const ms = this.#pauses.left(prepared.limitKey);
      if (ms > 0) throw usedUp(this.name, ms);
      return this.#breaker.run(
        () => this.#timed(prepared, signal, kept),
        (error) => (signal.aborted ? 'unknown' : verdictOf(error)),
      );
    });
  }

  /** One request, to the end of its answer or of its time. */
  async #timed(prepared: Prepared, signal: AbortSignal, kept?: Answer): Promise<Answer> {
    const { name, timeoutMs } = this.#options;
    const controller = new AbortController();
    const leave = () => controller.abort(signal.reason);
    const late = timedOut(name, timeoutMs);
    const timer = setTimeout(() => controller.abort(late), timeoutMs);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    const began = performance.now();
    let type: ErrorType = 'cancelled';
    try {
      const answer = await this.#exchange(prepared, controller.signal, kept);
      type = '';
      return answer;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const shown = controller.signal.aborted ? late : asApiError(error, name);
      type = shown.type;
      throw shown;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      // Ends what is left of the exchange, so that nothing of it goes on without its place.
      controller.abort();
      this.#duration(type).observe((performance.now() - began) / 1_000);
    }
  }

  async #exchange(prepared: Prepared, signal: AbortSignal, kept?: Answer): Promise<Answer> {
    const { name, maxBytes } = this.#options;
    const response = await this.#fetch(prepared, signal, kept);
    const { status, headers } = response;
    const isRefused = status === 429 || status === 503 || status === 403;
    const ms = (isRefused ? retryAfterMs(headers) : undefined) ?? usedUpMs(headers);
    if (ms !== undefined) this.#pauses.set(prepared.limitKey, ms);
    if (response.ok || (status === 304 && kept !== undefined)) {
      return { status, headers, body: await readBody(response, maxBytes, name) };
    }
    const { credential } = prepared;
    const said = await this.#messageOf(response);
    throw errorOf(
      { name, ...prepared },
      status,
      headers,
      said === undefined ? undefined : withoutSecrets(said, credential),
    );
  }

  /** Follows redirects within the API: the credential goes nowhere else, and nobody sends this server into its own network. */
  async #fetch(
    { method, url, headers, body, credential }: Prepared,
    signal: AbortSignal,
    kept?: Answer,
  ): Promise<Response> {
    const { baseUrl, name } = this.#options;
    let at = url;
    for (let hops = 0; ; hops += 1) {
      const response = await fetch(at, {
        method,
        headers: { ...headers, ...(kept && conditionOf(kept)) },
        body: body ?? null,
        redirect: 'manual',
        signal,
      });
      const location = response.headers.get('location');
      const keepsMethod = response.status === 307 || response.status === 308;
      const isRead = method === 'GET' || method === 'HEAD';
      const leads = keepsMethod || (isRead && [301, 302, 303].includes(response.status));
      if (!leads || location === null || !URL.canParse(location, at.href)) return response;
      await response.body?.cancel();
      at = new URL(location, at);
      if (new URL(baseUrl).origin !== at.origin) throw invalid(name, 'leads to another server');
      if (hops === MAX_REDIRECTS) throw invalid(name, 'leads in a circle');
      for (const [key, value] of Object.entries(credential.query)) at.searchParams.set(key, value);
    }
  }

  /** What an API says of an error, in one short line. */
  async #messageOf(response: Response): Promise<string | undefined> {
    const { messageOf, name } = this.#options;
    try {
      // Also where nobody wants it: the connection can be used again when the answer has been read.
      const text = decode(await readBody(response, MAX_ERROR_BYTES, name));
      if (messageOf === undefined || !isJson(response.headers)) return undefined;
      const line = messageOf(JSON.parse(text), response.headers)
        ?.replace(/[\s\p{Cc}]+/gu, ' ')
        .trim();
      return line ? line.slice(0, MAX_MESSAGE).toWellFormed().replace(/\.$/, '') : undefined;
    } catch {
      return undefined;
    }
  }

  /** The data of an answer. @throws {ApiError} `UPSTREAM_INVALID`; the log says where, without values: they are somebody's data. */
  #read<T>({ headers, body }: Answer, schema: z.ZodType<T>): T {
    const { name } = this.#options;
    if (!isJson(headers)) {
      throw this.#logged(invalid(name, 'is not JSON'), { type: headers.get('content-type') });
    }
    let value: unknown;
    try {
      value = JSON.parse(decode(body));
    } catch {
      throw this.#logged(invalid(name, 'is not JSON'), {});
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const problems = parsed.error.issues.map(
      ({ path, code, message }) => `${path.join('.')}: ${code === 'invalid_type' ? message : code}`,
    );
    throw this.#logged(invalid(name, 'is not what this server expects'), {
      problems: problems.slice(0, 10),
    });
  }

  #logged(error: ApiError, details: object): ApiError {
    this.env.log.error({ api: this.#options.name, ...details }, error.message);
    return error;
  }

  /** Tells the operator what callers can do nothing about. */
  #told(error: unknown, { method, path }: Prepared): unknown {
    if (!(error instanceof ApiError)) return error;
    const { type, cause, message } = error;
    if (!/^(?:unavailable|timeout|unauthorized|invalid|rate_limited)$/.test(type)) return error;
    const level = type === 'unauthorized' || type === 'invalid' ? 'error' : 'warn';
    this.env.log[level]({ api: this.#options.name, method, path, err: cause }, message);
    return error;
  }
}

const wait = (error: unknown) => (error instanceof ApiError ? error.waitMs : undefined);

function mayRepeat(error: unknown, { isRepeatable }: Prepared): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.isUntouched || (error.isOutage && isRepeatable);
}

/** What `fetch` throws hides its reason in `cause`; of a request that cannot be sent it may quote a header. */
function asApiError(error: unknown, name: string): ApiError {
  if (error instanceof ApiError) return error;
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return unavailable(name, 'cannot be reached', undefined, cause);
}

/** The same headers, in one spelling. @throws {TypeError} without the value, which `fetch` would show. */
function sendable(
  name: string,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(new Headers(headers));
  } catch {
    const problem = 'a line break, or a character that is not Latin-1';
    throw new TypeError(`A header of a request to ${name} has ${problem}.`);
  }
}

const isJson = (headers: Headers) => JSON_TYPE.test(headers.get('content-type') ?? '');
const decoder = new TextDecoder('utf-8', { fatal: true });
const decode = (bytes: Uint8Array) => decoder.decode(bytes);

/** The body of an answer, unpacked. @throws {ApiError} when it has more than `maxBytes` bytes; the rest is not read. */
async function readBody(response: Response, maxBytes: number, name: string): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw tooLarge(name, maxBytes);
    }
    parts.push(value);
  }
  return concatBytes(parts);
}
