/**
 * The keys of `_meta` in 2026-07-28. The protocol library has them, too, but what needs only their names should not have to load it.
 * @see https://modelcontextprotocol.io/specification/draft/basic
 */
export const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion';
export const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
export const CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';
