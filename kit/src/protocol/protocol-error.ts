import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import { ToolError } from '../definitions/errors.js';

/** Codes that say nothing about what the caller sent. */
const OURS = [
  'ABORTED',
  'INTERNAL',
  'TIMEOUT',
  'STORE_UNAVAILABLE',
  'STORE_BUSY',
  'UPSTREAM_UNAVAILABLE',
];

/** A failed read or prompt as a JSON-RPC error; `data` says the same as `_meta.error` of a tool's error does. */
export function asProtocolError(error: unknown, uri?: string): unknown {
  if (!(error instanceof ToolError)) return error;
  if (error.code === 'NOT_FOUND' && uri !== undefined) return new ResourceNotFoundError(uri);
  const code = OURS.includes(error.code)
    ? ProtocolErrorCode.InternalError
    : ProtocolErrorCode.InvalidParams;
  return new ProtocolError(code, error.message, error.details);
}
