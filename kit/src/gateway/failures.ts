import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { isNetworkError, ToolError } from '../definitions/definitions.js';

/** Why a request to an instance has no result. */
export type FailureKind =
  /** The server said no, in its own words. */
  | 'refused'
  /** It refused the gateway's credentials. */
  | 'credentials'
  /** The request never reached it: it may be sent to another instance, whatever it does. */
  | 'unsent'
  | 'timeout'
  /** The connection broke, or the answer was none: nobody knows whether the request has had its effect. */
  | 'broken'
  | 'invalid'
  | 'cancelled';

const UNSENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT)/;

export function failureKind(error: unknown): FailureKind {
  if (error instanceof ProtocolError) return 'refused';
  if (error instanceof SdkHttpError) {
    const { status } = error;
    if (status === 401 || status === 403) return 'credentials';
    // Its session is gone, or it is too busy to begin.
    if (status === 404 || status === 429) return 'unsent';
    return status >= 400 && status < 500 ? 'refused' : 'broken';
  }
  if (error instanceof SdkError) {
    const { code } = error;
    if (code === SdkErrorCode.RequestTimeout) return 'timeout';
    if (code === SdkErrorCode.NotConnected) return 'unsent';
    if (code === SdkErrorCode.InvalidResult || code === SdkErrorCode.UnsupportedResultType) {
      return 'invalid';
    }
    if (code === SdkErrorCode.ClientHttpUnexpectedContent) return 'invalid';
    if (
      code === SdkErrorCode.ClientHttpAuthentication ||
      code === SdkErrorCode.ClientHttpForbidden
    ) {
      return 'credentials';
    }
    return 'broken';
  }
  if (error instanceof SyntaxError) return 'invalid';
  return isUnsent(error) ? 'unsent' : 'broken';
}

function isUnsent(error: unknown, depth = 4): boolean {
  if (!(error instanceof Error) || depth === 0) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && UNSENT.test(code)) return true;
  // Happy eyeballs: every address has been tried.
  if (error instanceof AggregateError) return error.errors.every((one) => isUnsent(one, depth - 1));
  return isUnsent(error.cause, depth - 1);
}

/** Whether it says something about the instance, rather than about the request. */
export function isFaultOfInstance(kind: FailureKind): boolean {
  return kind === 'unsent' || kind === 'broken';
}

const INVALID_PARAMS = -32_602;
/** What a server may say of a refusal that is passed on, in characters. */
const MAX_WORDS = 500;

/**
 * A failed request in words for the caller. Addresses, headers and stack traces stay in the log.
 * @param upstream the prefix of the server
 */
export function toToolError(error: unknown, upstream: string, timeoutMs: number): ToolError {
  if (error instanceof ToolError) return error;
  const options = { cause: error };
  switch (failureKind(error)) {
    case 'refused': {
      const words = error instanceof ProtocolError ? `: ${error.message.slice(0, MAX_WORDS)}` : '.';
      const isInput = error instanceof ProtocolError && error.code === INVALID_PARAMS;
      const code = isInput ? 'INVALID_INPUT' : 'UPSTREAM_REJECTED';
      return new ToolError(code, `${upstream} refused the request${words}`, options);
    }
    case 'credentials':
      return new ToolError(
        'UPSTREAM_REJECTED',
        `${upstream} does not accept the credentials of this gateway. Its owner has to look at gateway.yaml.`,
        options,
      );
    case 'timeout':
      return new ToolError('TIMEOUT', `${upstream} did not answer within ${timeoutMs} ms.`, {
        ...options,
        retryable: true,
      });
    case 'invalid':
      return new ToolError(
        'UPSTREAM_INVALID',
        `${upstream} sent an answer that is not valid MCP.`,
        options,
      );
    default:
      return unavailable(upstream, isNetworkError(error) ? error : undefined);
  }
}

/** No instance of a server can be reached. */
export function unavailable(upstream: string, cause?: unknown, sent = true): ToolError {
  const doubt = sent ? ' A call that changes something may have had its effect.' : '';
  return new ToolError('UPSTREAM_UNAVAILABLE', `${upstream} cannot be reached.${doubt}`, {
    retryable: true,
    retryAfter: 1,
    cause,
  });
}
