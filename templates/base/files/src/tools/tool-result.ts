import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import type { Config } from '../config.js';
import { outputTooLarge, type ToolError } from '../pipeline/errors.js';
import { withinCap } from '../pipeline/within-cap.js';
import { fitOutput } from './fit-output.js';

/**
 * A tool's result for the client: content as it is, data also as text for models. Its keys are in the order in which the protocol
 * library sends them.
 * @throws {ToolError} `OUTPUT_TOO_LARGE`
 */
export function toResult(
  result: Record<string, unknown> | ContentBlock[],
  output: z.ZodObject | undefined,
  config: Config,
): CallToolResult {
  if (output === undefined) return { content: withinCap(result as ContentBlock[], { config }) };
  return toDataResult(result as Record<string, unknown>, output, config);
}

/** Lists that are too long are cut, and a second text says so. */
function toDataResult(
  result: Record<string, unknown>,
  output: z.ZodObject,
  { MAX_OUTPUT_BYTES, MAX_OUTPUT_ROWS }: Config,
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
