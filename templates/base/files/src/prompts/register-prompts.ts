import type { McpServer } from '@modelcontextprotocol/server';
import type { Services } from '../app.js';
import type { Principal } from '../pipeline/principal.js';
import { asProtocolError } from '../pipeline/protocol-error.js';
import { runCall } from '../pipeline/run-call.js';
import type { Prompt } from './define-prompt.js';
import * as barrel from './index.js';

const prompts = Object.values(barrel) as readonly Prompt[];

/** Registers every prompt of `index.ts`; they go through the pipeline. */
export function registerPrompts(server: McpServer, services: Services, principal: Principal): void {
  for (const prompt of prompts) {
    const { name, title, description, args: argsSchema, scopes } = prompt;
    const call = { kind: 'prompt', name, ...(scopes && { scopes }) } as const;
    server.registerPrompt(name, { title, description, argsSchema }, async (args, sdk) => {
      try {
        const work = runCall(call, services, principal, sdk, (ctx) => prompt.messages(args, ctx));
        return { description, messages: await work };
      } catch (error) {
        throw asProtocolError(error);
      }
    });
  }
}
