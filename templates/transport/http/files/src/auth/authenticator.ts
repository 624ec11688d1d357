import type { Principal } from '../pipeline/principal.js';

/** Says who sent a request, or refuses it. */
export type Authenticator = (headers: Headers) => Promise<Caller>;

export type Caller = { readonly principal: Principal } | { readonly refusal: Response };
