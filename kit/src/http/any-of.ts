import { isPromise } from '../calls/maybe-async.js';
import type { Principal } from '../definitions/principal.js';
import type { OpenAuth } from './app.js';
import type { Caller } from './authenticator.js';
import type { RequestHeaders } from './exchange.js';

/** Several ways to authenticate at one endpoint: the first that knows the caller counts. */
export function anyOf(given: readonly OpenAuth[]): OpenAuth {
  const [first, ...others] = given;
  if (first === undefined) throw new Error('a server over HTTP needs a way to authenticate');
  if (others.length === 0) return first;

  /** What one of them says of a token, the library does not need to know by which of them. */
  const challenging = given.find(({ stepUp }) => stepUp !== undefined);
  // Its refusal says where to sign in. It comes last, so that this is what a caller is told whom nobody knows.
  const ways = given.filter((way) => way !== challenging);
  if (challenging !== undefined) ways.push(challenging);
  return {
    ...(challenging?.stepUp && { stepUp: challenging.stepUp }),
    ...(challenging?.authInfo && {
      authInfo: (principal: Principal) => challenging.authInfo?.(principal) as never,
    }),
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
): Promise<Caller> {
  let refused: Caller | undefined;
  for (const { authenticate } of ways) {
    const asked = authenticate(headers, address);
    const caller = isPromise(asked) ? await asked : asked;
    if ('principal' in caller) return caller;
    if (refused === undefined || !isUnavailable(refused)) refused = caller;
  }
  if (refused === undefined) throw new Error('there is no way to authenticate');
  return refused;
}

function isUnavailable(caller: Caller): boolean {
  return 'refusal' in caller && caller.refusal.status === 503;
}
