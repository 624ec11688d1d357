import { andThen, isPromise } from '../calls/call.js';
import type { Principal } from '../definitions/definitions.js';
import { type Host, type Timer, unref } from '../host/host.js';
import { type RateLimitSettings, TokenBuckets } from '../limits/call-limits.js';
import type { HttpResponse, RequestHeaders } from '../parts.js';
import type { Authenticate, Authenticator, AuthResult, OpenAuth } from './app.js';
import { refuse } from './exchange.js';

/** Several ways to authenticate at one endpoint: the first that knows the caller counts. */
export function anyOf(given: readonly OpenAuth[]): OpenAuth {
  const [first, ...others] = given;
  if (first === undefined) throw new Error('a server over HTTP needs a way to authenticate');
  if (others.length === 0) return first;

  /** What one of them says of a token, the SDK does not need to know by which of them. */
  const challenging = given.find(({ stepUp }) => stepUp !== undefined);
  // Its refusal says where to sign in. It comes last, so that this is what a caller is told whom nobody knows.
  const ways = given.filter((way) => way !== challenging);
  if (challenging !== undefined) ways.push(challenging);
  return {
    ...(challenging?.stepUp && { stepUp: challenging.stepUp }),
    ...(challenging?.authInfo && {
      authInfo: (principal: Principal) => challenging.authInfo?.(principal) as never,
    }),
    paths: ways.flatMap(({ paths = [] }) => paths),
    route(request) {
      for (const way of ways) {
        const answer = way.route?.(request);
        if (answer !== undefined) return answer;
      }
      return undefined;
    },
    authenticate: (headers, address) => tryAll(ways, headers, address),
  };
}

/** The refusal of the last one is what the caller is told, unless another could not look: then it may succeed later. */
async function tryAll(
  ways: readonly OpenAuth[],
  headers: RequestHeaders,
  address: string | undefined,
): Promise<AuthResult> {
  let refused: AuthResult | undefined;
  for (const { authenticate } of ways) {
    const asked = authenticate(headers, address);
    const caller = isPromise(asked) ? await asked : asked;
    if ('principal' in caller) return caller;
    if (refused === undefined || !isUnavailable(refused)) refused = caller;
  }
  if (refused === undefined) throw new Error('there is no way to authenticate');
  return refused;
}

function isUnavailable(caller: AuthResult): boolean {
  return 'refusal' in caller && caller.refusal.status === 503;
}

const MAX_KNOWN = 10_000;

/**
 * Lets an address that tries too many credentials wait before the next one is looked at. Those that were right before do
 * not count, so that nobody whose credentials were right before is locked out by a stranger behind the same address.
 * @param credentialHeaders the names of the headers that credentials come in
 */
export function throttleCredentials(
  authenticate: Authenticator,
  credentialHeaders: readonly string[],
  config: RateLimitSettings,
  host: Host,
): Authenticator {
  const { RATE_LIMIT_PER_MINUTE, RATE_LIMIT_BURST = RATE_LIMIT_PER_MINUTE } = config;
  const guesses = new TokenBuckets();
  const known = new Set<string>();

  return (headers, address = 'unknown') => {
    const sent = fingerprint(headers, credentialHeaders, host);
    if (sent === undefined) return authenticate(headers, address);

    const bucket = { key: address, perMinute: RATE_LIMIT_PER_MINUTE, burst: RATE_LIMIT_BURST };
    const wait = known.has(sent) ? 0 : guesses.take([bucket]);
    if (wait > 0) return { refusal: tooManyRequests(wait) };
    return andThen(authenticate(headers, address), (caller) => {
      if ('principal' in caller) remember(known, sent);
      return caller;
    });
  };
}

/** A hash of the credentials, or `undefined` when there are none. */
function fingerprint(
  headers: RequestHeaders,
  names: readonly string[],
  host: Host,
): string | undefined {
  const sent = names.map((name) => headers.get(name));
  if (sent.every((value) => value === null)) return undefined;
  return host.sha256(JSON.stringify(sent), 'base64');
}

function remember(known: Set<string>, sent: string): void {
  known.delete(sent);
  known.add(sent);
  if (known.size <= MAX_KNOWN) return;
  const [oldest] = known;
  if (oldest !== undefined) known.delete(oldest);
}

/** How often the credentials behind a stream are looked at again, in milliseconds. */
const LOOK_MS = 60_000;

/** The caller behind a stream that stays open: what it may do changes, and its credentials end. */
export class LiveCaller {
  readonly #look: Timer;

  /** @param onEnd is called when the credentials do not count any more, or are somebody else's */
  constructor(
    private now: Principal,
    authenticate: Authenticate,
    onEnd: () => void,
  ) {
    this.#look = setInterval(async () => {
      const caller = await authenticate().catch(() => undefined);
      if (caller && 'principal' in caller && caller.principal.id === now.id) {
        this.now = caller.principal;
      } else {
        onEnd();
      }
    }, LOOK_MS);
    unref(this.#look);
  }

  /** Who that is now. */
  get principal(): Principal {
    return this.now;
  }

  /** The stream is over. */
  forget(): void {
    clearInterval(this.#look);
  }
}

/** Listing and discovering cost less than calls, which have a limit of their own. */
const REQUESTS_PER_CALL = 10;

/** Bounds how many requests of any kind a client may send to this process. */
export class RequestLimit {
  readonly #buckets = new TokenBuckets();

  constructor(private readonly config: RateLimitSettings) {}

  /** Counts messages. @returns a 429 when they are too many. */
  refusal({ id }: Principal, messages = 1): HttpResponse | undefined {
    const { RATE_LIMIT_PER_MINUTE, RATE_LIMIT_BURST = RATE_LIMIT_PER_MINUTE } = this.config;
    const bucket = {
      key: id,
      perMinute: RATE_LIMIT_PER_MINUTE * REQUESTS_PER_CALL,
      burst: RATE_LIMIT_BURST * REQUESTS_PER_CALL,
    };
    for (let counted = 0; counted < messages; counted += 1) {
      const wait = this.#buckets.take([bucket]);
      if (wait > 0) return tooManyRequests(wait);
    }
    return undefined;
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc6585#section-4 */
export function tooManyRequests(waitMs: number): HttpResponse {
  const seconds = Math.ceil(waitMs / 1000);
  const message = `Too many requests. Try again in ${seconds} s.`;
  return refuse(429, message, { 'retry-after': String(seconds) });
}
