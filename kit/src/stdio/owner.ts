import type { Principal } from '../definitions/principal.js';

/** Whoever started this process may do everything. */
export const OWNER: Principal = { id: 'stdio', scopes: ['*'] };
