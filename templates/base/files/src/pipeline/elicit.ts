import type { InputRequiredResult } from '@modelcontextprotocol/server';
import { inputRequired, inputResponse } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import type { CallRequest } from './call-request.js';
import type { ToolContext } from './context.js';

const KEY = 'form';

/** Thrown by `ctx.elicit` to end the call; `result` asks the client to come back with the answer. */
export class InputNeeded extends Error {
  override readonly name = 'InputNeeded';

  constructor(readonly result: InputRequiredResult) {
    super('input required');
  }
}

/** `ctx.elicit` of one call. A second form would be taken for the first one, so there is none. */
export function oneForm(request: CallRequest): ToolContext['elicit'] {
  let asked = false;
  return (message, form) => {
    if (asked) throw new Error('ctx.elicit can be used once in a call');
    asked = true;
    return elicit(request, message, form);
  };
}

/**
 * The human's answer to a form, or `undefined` when it was declined.
 * @throws {InputNeeded} when the form has not been shown yet, or the answer does not fit it.
 * @see https://modelcontextprotocol.io/specification/draft/client/elicitation
 */
function elicit<Form extends z.ZodObject>(
  { mcpReq }: CallRequest,
  message: string,
  form: Form,
): z.output<Form> | undefined {
  const response = inputResponse(mcpReq.inputResponses, KEY);
  if (response.kind === 'elicit') {
    if (response.action !== 'accept') return undefined;
    const answer = form.safeParse(response.content);
    if (answer.success) return answer.data;
  }
  throw new InputNeeded(
    inputRequired({
      inputRequests: { [KEY]: inputRequired.elicit({ message, requestedSchema: form }) },
    }),
  );
}
