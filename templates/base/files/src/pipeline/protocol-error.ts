import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import { ToolError } from './errors.js';

/** A failed read or prompt as a JSON-RPC error; `data` carries the same code as a tool's error does. */
export function asProtocolError(error: unknown, uri?: string): unknown {
  if (!(error instanceof ToolError)) return error;
  if (error.code === 'NOT_FOUND' && uri !== undefined) return new ResourceNotFoundError(uri);
  const { code, message, retryable } = error;
  return new ProtocolError(ProtocolErrorCode.InternalError, message, { code, retryable });
}
