import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server';
import type { Services } from './services.js';
import { InputRequired } from './ask.js';
import type { CallRequest } from './call-request.js';
import { ToolError } from './errors.js';
import { andThen, type MaybePromise, orElse } from './maybe-async.js';
import type { Principal } from './principal.js';
import { type Call, runCall } from './run-call.js';
import type { Tool } from '../definitions/tool.js';
import * as barrel from './index.js';
import { toErrorResult, toResult } from './tool-result.js';

export type ToolOutcome = CallToolResult | InputRequiredResult;

/** Every tool of `index.ts`, by its name. */
export const tools: ReadonlyMap<string, Tool> = new Map(
  (Object.values(barrel) as readonly Tool[]).map((tool) => [tool.name, tool]),
);

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
      andThen(run(input, ctx), (result) => toResult(result, tool.output, services.config)),
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
