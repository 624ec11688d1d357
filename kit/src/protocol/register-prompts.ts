import { InputRequired } from '../calls/ask.js';
import { runCall } from '../calls/run-call.js';
import { withinCap } from '../calls/within-cap.js';
import { complete } from './completions.js';
import type { Offer } from './offer.js';
import { asProtocolError } from './protocol-error.js';

/** Registers the prompts that the caller may see; they go through the pipeline. */
export function registerPrompts(offer: Offer): void {
  const { server, services, principal, completions, scope } = offer;
  const access = services.policy.accessOf(principal);
  for (const prompt of services.definitions.prompts) {
    const { name, title, description, args: argsSchema, scopes, complete: completers } = prompt;
    if (!access.allows('prompt', name)) continue;
    const call = { kind: 'prompt', name, ...(scopes && { scopes }) } as const;
    const config = {
      title,
      description,
      argsSchema,
      ...(scopes && scope.stepUp && { scopeChallenge: scope.stepUp(scopes, principal) }),
    };
    server.registerPrompt(name, config, async (args, { mcpReq }) => {
      try {
        const audited = { ...call, input: args };
        const work = runCall(audited, services, principal, { mcpReq, server }, async (ctx) =>
          withinCap(await prompt.messages(args, ctx as never), ctx),
        );
        return { description, messages: await work };
      } catch (error) {
        if (error instanceof InputRequired) return error.result;
        throw asProtocolError(error);
      }
    });
    if (completers === undefined) continue;
    completions.add('ref/prompt', name, (completion, { mcpReq }) =>
      runCall({ ...call, isCompletion: true }, services, principal, { mcpReq, server }, (ctx) =>
        complete(completers, completion, ctx),
      ),
    );
  }
}
