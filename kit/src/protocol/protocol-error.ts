import { InputRequired } from '../calls/ask.js';
import { ToolError } from '../definitions/errors.js';

const INVALID_PARAMS = -32_602;
const INTERNAL_ERROR = -32_603;

/** Codes that say nothing about what the caller sent. */
const OURS = [
  'ABORTED',
  'INTERNAL',
  'TIMEOUT',
  'STORE_UNAVAILABLE',
  'STORE_BUSY',
  'UPSTREAM_UNAVAILABLE',
];

/** A JSON-RPC error that answers a request. The MCP SDK sends the fields of any error that has them. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly code: number,
    message: string,
    readonly data?: object,
  ) {
    super(message);
  }
}

/** A failed read or prompt as a JSON-RPC error; `data` says the same as `_meta.error` of a tool's error does. */
export function asProtocolError(error: unknown, uri?: string): unknown {
  if (error instanceof InputRequired) return new RequestError(INTERNAL_ERROR, error.message);
  if (!(error instanceof ToolError)) return error;
  if (error.code === 'NOT_FOUND' && uri !== undefined) {
    return new RequestError(INVALID_PARAMS, `Resource not found: ${uri}`, { uri });
  }
  const code = OURS.includes(error.code) ? INTERNAL_ERROR : INVALID_PARAMS;
  return new RequestError(code, error.message, error.details);
}
