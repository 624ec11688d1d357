import { ToolError } from '../kit/index.js';
import { ApiError } from '../kit/outbound/api-error.js';

/** What GitHub asks for when it does not say how long to wait. */
const SECONDARY_LIMIT_SECONDS = 60;

const ONLY_OPERATOR = ['Only the operator of this server can change that.'];

/**
 * What GitHub's error means, for the model.
 * @param what was wanted, such as `acme/shop`
 */
export function explained(error: ApiError, what: string, hasToken: boolean): ToolError {
  const { type, message } = error;
  if (/too_large|too large to fetch/.test(message)) {
    const text = `${what} has more than 100 MB, which GitHub does not send.`;
    return new ToolError('OUTPUT_TOO_LARGE', text, { cause: error });
  }
  if (type === 'forbidden' && /rate limit|abuse detection/i.test(message)) {
    const text = `GitHub accepts no more requests for now. Try again in ${SECONDARY_LIMIT_SECONDS} s.`;
    return new ToolError('RATE_LIMITED', text, {
      retryable: true,
      retryAfter: SECONDARY_LIMIT_SECONDS,
      cause: error,
    });
  }
  if (type === 'unauthorized' && !hasToken) {
    const text = 'GitHub answers this only for a token, and this server has none.';
    const suggestions = ONLY_OPERATOR;
    return new ToolError('UPSTREAM_UNAUTHORIZED', text, { suggestions, cause: error });
  }
  if (type === 'not_found') return notFound(error, what);
  return error;
}

/** GitHub answers 404 also for what the token must not see. */
function notFound(error: ApiError, what: string): ToolError {
  const [, said] = /: (.*)\.$/.exec(error.message) ?? [];
  const because = said === undefined || said === 'Not Found' ? '' : ` (${said})`;
  const text = `GitHub does not have ${what}, or does not show it to this token${because}.`;
  return new ToolError('NOT_FOUND', text, {
    suggestions: [
      'Check the names with list_repositories, or list a directory with get_file_contents.',
    ],
    cause: error,
  });
}

/** The error of a change that GitHub may have made before it failed; `undefined` when it certainly has not. */
export function maybeDone(error: unknown): ToolError | undefined {
  if (!(error instanceof ApiError && error.isOutage && !error.isUntouched)) return undefined;
  return new ToolError(
    'UPSTREAM_UNAVAILABLE',
    'GitHub did not answer. The issue may have been created or not.',
    {
      suggestions: ['Look with list_issues whether it is there before you create it again.'],
      cause: error,
    },
  );
}
