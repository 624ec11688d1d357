import { ToolError } from '../calls/errors.js';
import type { Call } from '../calls/run-call.js';
import type { Access } from './policy.js';

/**
 * Checks a call that was registered for its caller: one URI template has addresses that may be read and others that may not.
 * @throws {ToolError} `NOT_FOUND`: for a caller, what it may not do is not there.
 */
export function admit({ kind, name, uri }: Call, access: Access): void {
  const allowed = uri === undefined || access.allows('resource', uri);
  if (allowed && (kind === 'resource' || access.allows(kind, name))) return;
  throw new ToolError('NOT_FOUND', `${name} is not there.`);
}
