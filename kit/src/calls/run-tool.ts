import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server';
import { ToolError } from '../definitions/errors.js';
import type { Principal } from '../definitions/principal.js';
import type { Tool } from '../definitions/tool.js';
import { InputRequired } from './ask.js';
import type { Call, CallRequest } from './call.js';
import { andThen, type MaybePromise, orElse } from './maybe-async.js';
import { runCall } from './run-call.js';
import type { Services } from './services.js';
import { toErrorResult, toResult } from './tool-result.js';

export type ToolOutcome = CallToolResult | InputRequiredResult;

/**
 * Runs a tool through the pipeline.
 * @param input has been validated.
 * @param run what to do instead of `tool.run`.
 * @returns a result, an error for the model, or what the human has to be asked first.
 */
export function runTool(
  tool: Tool,
  input: Record<string, unknown>,
  services: Services,
  principal: Principal,
  request: CallRequest,
  run: Tool['run'] = tool.run,
): MaybePromise<ToolOutcome> {
  const work = () =>
    runCall<ToolOutcome>(callOf(tool, input), services, principal, request, (ctx) =>
      andThen(run(input, ctx as never), (result) => toResult(result, tool.output, services.config)),
    );
  return orElse(work, (error) => {
    if (error instanceof InputRequired) return error.result;
    if (error instanceof ToolError) return toErrorResult(error);
    throw error;
  });
}

function callOf({ name, scopes, limits }: Tool, input: unknown): Call {
  const { timeoutMs, perMinute } = limits ?? {};
  return { kind: 'tool', name, input, scopes, timeoutMs, perMinute };
}
