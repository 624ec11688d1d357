import type { McpServer } from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
import { complete } from '../definitions/completion.js';
import type { Completions } from './completions.js';
import { InputRequired } from '../calls/ask.js';
import type { Principal } from '../calls/principal.js';
import { asProtocolError } from './protocol-error.js';
import { runCall } from '../calls/run-call.js';
import { withinCap } from '../calls/within-cap.js';
import type { Prompt } from '../definitions/prompt.js';
import * as barrel from './index.js';
{{> register/imports}}

const prompts = Object.values(barrel) as readonly Prompt[];

/** Registers every prompt of `index.ts`; they go through the pipeline. */
export function registerPrompts(
  server: McpServer,
  services: Services,
  principal: Principal,
  completions: Completions,
): void {
  {{> register/access}}
  for (const prompt of prompts) {
    const { name, title, description, args: argsSchema, scopes, complete: completers } = prompt;
    {{> register/prompts}}
    const call = { kind: 'prompt', name, ...(scopes && { scopes }) } as const;
    const config = {
      title,
      description,
      argsSchema,
      {{> register/options}}
    };
    server.registerPrompt(name, config, async (args, { mcpReq }) => {
      try {
        const audited = { ...call, input: args };
        const work = runCall(audited, services, principal, { mcpReq, server }, async (ctx) =>
          withinCap(await prompt.messages(args, ctx), ctx),
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
