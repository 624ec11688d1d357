import type { Principal } from '../pipeline/principal.js';

/** Says who sent a request from `address`, or refuses it. */
export type Authenticator = (headers: Headers, address?: string) => Promise<Caller>;

export type Caller = { readonly principal: Principal } | { readonly refusal: Response };
