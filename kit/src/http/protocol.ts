import { andThen, isPromise, type MaybePromise } from '../calls/call.js';
import type { Principal } from '../definitions/definitions.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import { type CallOutcome, changeCapabilities } from '../protocol/features.js';
import { type PlainCall, PlainResults, plainCall } from '../protocol/plain-requests.js';
import {
  isPlainNotification,
  type PlainRequest,
  plainRequest,
  serverScopeFor,
} from '../protocol/requests.js';
import type { Authenticate, HttpApp } from './app.js';
import { refuse } from './exchange.js';
import {
  CallReply,
  cachedResponse,
  headersAgree,
  headersAgreeLegacy,
  wholeAnswer,
} from './fast-answers.js';
import { watchForRefusedCalls } from './refused-calls.js';
import type { SdkHandler } from './sdk.js';

export interface Protocol {
  /** Answers the message of a caller who has passed everything that comes before the protocol. */
  answer(request: HttpRequest, body: unknown, principal: Principal): MaybePromise<HttpResponse>;
  /** Opens a stream that tells of changes until the credentials of its caller end. */
  listen(
    request: HttpRequest,
    body: unknown,
    principal: Principal,
    authenticate: Authenticate,
  ): Promise<HttpResponse>;
  /** Answers GET and DELETE. The stream of the former ends when the credentials of its caller do. */
  answerWithoutBody(
    request: HttpRequest,
    principal: Principal,
    authenticate: Authenticate,
  ): Promise<HttpResponse>;
  /**
   * Loads what plain requests do not need, so that the first request that does need not wait for it.
   * @throws when it cannot be loaded, now or ever: Node.js remembers a failed import
   */
  prepare(): Promise<void>;
  /** Ends all streams. */
  close(): Promise<void>;
}

/**
 * Answers plain requests directly, and has the MCP SDK answer everything else, with a server of its own for each
 * request: nothing of one caller is there for another.
 */
export function createProtocol(app: HttpApp): Protocol {
  const results = new PlainResults(app, {
    legacy: 'none',
    modern: changeCapabilities(app, app.policy),
  });
  let sdk: SdkHandler | undefined;
  let loading: Promise<SdkHandler> | undefined;
  app.metrics.countSubscriptions(() => sdk?.subscriptions.count ?? 0);

  /** Loading it takes longer than all the rest of a start. */
  async function load(): Promise<SdkHandler> {
    // What lives as long as the process has nothing to do with the request that happens to come first.
    loading ??= app.host.requests.exit(() =>
      import('./sdk.js').then(({ openSdkHandler }) => openSdkHandler(app)),
    );
    sdk = await loading;
    return sdk;
  }

  async function answerWithSdk(request: HttpRequest, body: unknown, principal: Principal) {
    watchForRefusedCalls(request, body, principal, app);
    const { answer } = await load();
    return await answer(request, body, { principal, scope: serverScopeFor(body) });
  }

  function answerCall(
    plain: PlainRequest,
    call: PlainCall,
    request: HttpRequest,
    body: unknown,
    principal: Principal,
  ): MaybePromise<HttpResponse> {
    const { id, method, name } = plain;
    // Most calls are over at once and notify nobody: then there is only their answer.
    let begun: CallReply | undefined;
    const reply = () => {
      begun ??= new CallReply(plain, request, app.log);
      return begun;
    };
    const notify = (notification: string) => reply().notify(notification);
    const last = andThen<string | CallOutcome, string | HttpResponse>(
      call.run(request, notify),
      (ended) => {
        if (typeof ended === 'string') return ended;
        const scope = { method, tool: name, outcomes: new Map([[id, ended]]) };
        return load().then(({ answer }) => answer(request, body, { principal, scope }));
      },
    );
    if (typeof last === 'string') return begun?.whole(last) ?? wholeAnswer(plain.era, last);
    return isPromise(last) ? reply().later(last) : last;
  }

  return {
    answer(request, body, principal) {
      const plain = plainRequest(body);
      if (plain === undefined || !headersAgree(request.headers, plain)) {
        if (isPlainNotification(body) && headersAgreeLegacy(request.headers)) return accepted();
        return answerWithSdk(request, body, principal);
      }
      // A session begins with it.
      const isForSessions = plain.method === 'initialize' && app.sessions !== undefined;
      const result = isForSessions ? undefined : results.of(plain, principal);
      if (result !== undefined) return cachedResponse(plain.era, plain.id, result);
      const call = plainCall(plain, app, principal);
      if (call === undefined) return answerWithSdk(request, body, principal);
      return answerCall(plain, call, request, body, principal);
    },
    async listen(request, body, principal, authenticate) {
      const { subscriptions } = await load();
      return await subscriptions.open(request, body, principal, authenticate);
    },
    async answerWithoutBody(...asked) {
      const { sessions } = await load();
      return sessions === undefined
        ? refuse(405, 'Use POST.')
        : sessions.answerWithoutBody(...asked);
    },
    async prepare() {
      await Promise.all([load(), import('../calls/input-required.js')]);
    },
    async close() {
      await sdk?.close();
    },
  };
}

/** The answer to a notification, which means nothing to a server that remembers nothing of its clients. */
function accepted(): HttpResponse {
  return { status: 202, headers: {}, body: null };
}
