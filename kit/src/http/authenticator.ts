import type { MaybePromise } from '../calls/maybe-async.js';
import type { Principal } from '../definitions/principal.js';
import type { Answer, RequestHeaders } from './exchange.js';

/** Says who sent a request from `address`, or refuses it. */
export type Authenticator = (headers: RequestHeaders, address?: string) => MaybePromise<Caller>;

export type Caller = { readonly principal: Principal } | { readonly refusal: Answer };

/** Says who sent a request, by its credentials as they are now. */
export type Authenticate = () => Promise<Caller>;
