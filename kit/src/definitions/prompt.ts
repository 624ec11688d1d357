import type { PromptMessage } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import type { Completer } from './completion.js';
import type { CallContext } from '../calls/context.js';

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

/** Types a prompt. Add its line to `index.ts` and it is served. */
export function definePrompt<Args extends z.ZodObject>(prompt: Prompt<Args>): Prompt<Args> {
  return prompt;
}
