/** What the definitions and the composition root of a server need of its machinery. */

export type { CallContext } from './definitions/context.js';
export { ToolError, type ToolErrorOptions } from './definitions/errors.js';
export type { Principal } from './definitions/principal.js';
export { int, list } from './definitions/settings.js';
export { defineParts, type Part } from './parts.js';
export { defineServer, type Route, type ServerContext } from './server.js';
