import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import { outputTooLarge, type ToolError } from '../definitions/errors.js';
import type { CallSettings } from '../definitions/settings.js';
import { fitOutput } from './fit-output.js';
import { withinCap } from './within-cap.js';

/**
 * A tool's result for the client: content as it is, data also as text for models. Its keys are in the order in which the protocol
 * library sends them.
 * @throws {ToolError} `OUTPUT_TOO_LARGE`
 */
export function toResult(
  result: Record<string, unknown> | ContentBlock[],
  output: z.ZodObject | undefined,
  config: CallSettings,
): CallToolResult {
  if (output === undefined) return { content: withinCap(result as ContentBlock[], { config }) };
  return toDataResult(result as Record<string, unknown>, output, config);
}

/** Lists that are too long are cut, and a second text says so. */
function toDataResult(
  result: Record<string, unknown>,
  output: z.ZodObject,
  { MAX_OUTPUT_BYTES, MAX_OUTPUT_ROWS }: CallSettings,
): CallToolResult {
  const fitted = fitOutput(result, { maxBytes: MAX_OUTPUT_BYTES, maxRows: MAX_OUTPUT_ROWS });
  const isCut = fitted !== undefined && fitted.cuts.length > 0;
  if (fitted === undefined || (isCut && !output.safeParse(fitted.value).success)) {
    throw outputTooLarge(MAX_OUTPUT_BYTES);
  }
  const { value, text, marker, cuts } = fitted;
  return {
    ...(isCut && { _meta: { truncated: cuts } }),
    content: [text, ...(isCut ? [marker] : [])].map((part) => ({ type: 'text', text: part })),
    structuredContent: value,
  };
}

export function toErrorResult({ message, suggestions, details }: ToolError): CallToolResult {
  return {
    _meta: { error: details },
    content: [{ type: 'text', text: [message, ...suggestions].join('\n') }],
    isError: true,
  };
}
