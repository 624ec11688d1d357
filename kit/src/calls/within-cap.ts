import type { CallContext } from '../definitions/context.js';
import { outputTooLarge } from '../definitions/errors.js';

/**
 * What is sent to the caller as it is.
 * @throws {ToolError} `OUTPUT_TOO_LARGE` when it has more than `MAX_OUTPUT_BYTES` bytes.
 */
export function withinCap<T>(output: T, { config }: Pick<CallContext, 'config'>): T {
  const bytes = Buffer.byteLength(JSON.stringify(output));
  if (bytes > config.MAX_OUTPUT_BYTES) throw outputTooLarge(config.MAX_OUTPUT_BYTES);
  return output;
}
