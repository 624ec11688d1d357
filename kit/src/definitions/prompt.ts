import type { PromptMessage } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import type { Completer } from './completion.js';

export interface Prompt<Context = never, Args extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Clients send every argument as a string. */
  readonly args: Args;
  readonly scopes?: readonly string[];
  /** Suggests values while somebody types an argument. */
  readonly complete?: { readonly [Name in keyof z.output<Args>]?: Completer<Context> };
  messages(args: z.output<Args>, ctx: Context): PromptMessage[] | Promise<PromptMessage[]>;
}
