import type { GetPromptResult, InputRequiredResult } from '@modelcontextprotocol/server';
import { InputRequired } from '../calls/ask.js';
import type { CallRequest } from '../calls/call.js';
import { andThen, type MaybePromise, orElse } from '../calls/maybe-async.js';
import { runCall } from '../calls/run-call.js';
import type { Services } from '../calls/services.js';
import { enforceOutputLimits } from '../calls/tool-calls.js';
import type { Prompt } from '../definitions/definitions.js';
import type { Principal } from '../definitions/principal.js';
import { asProtocolError } from './protocol-error.js';

/**
 * Gets a prompt through the pipeline.
 * @param args have been validated
 * @throws {RequestError} what the client gets in place of a result
 */
export function getPrompt(
  prompt: Prompt,
  args: Readonly<Record<string, unknown>>,
  services: Services,
  principal: Principal,
  request: CallRequest,
): MaybePromise<GetPromptResult | InputRequiredResult> {
  const { name, description, scopes } = prompt;
  const call = { kind: 'prompt', name, scopes, input: args } as const;
  const get = () =>
    runCall(call, services, principal, request, (ctx) =>
      andThen(prompt.messages(args, ctx as never), (messages) => ({
        description,
        messages: enforceOutputLimits(messages, ctx),
      })),
    );
  return orElse<GetPromptResult | InputRequiredResult>(get, (error) => {
    if (error instanceof InputRequired) return error.result;
    throw asProtocolError(error);
  });
}
