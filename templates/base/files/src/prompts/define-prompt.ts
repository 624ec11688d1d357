import type { PromptMessage } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import type { Completer } from '../completions/completer.js';
import { checkScopes } from '../pipeline/check-scopes.js';
import type { CallContext } from '../pipeline/context.js';

export interface Prompt<Args extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Clients send every argument as a string. */
  readonly args: Args;
  readonly scopes?: readonly string[];
  /** Suggests values while somebody types an argument. */
  readonly complete?: { readonly [Name in keyof z.output<Args>]?: Completer };
  messages(args: z.output<Args>, ctx: CallContext): PromptMessage[] | Promise<PromptMessage[]>;
}

/**
 * Types a prompt. Add its line to `index.ts` and it is served.
 * @throws {TypeError} when a scope is not one.
 */
export function definePrompt<Args extends z.ZodObject>(prompt: Prompt<Args>): Prompt<Args> {
  checkScopes(prompt);
  return prompt;
}
