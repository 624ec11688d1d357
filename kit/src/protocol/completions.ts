import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import type { MaybePromise } from '../calls/maybe-async.js';
import type { CallContext } from '../definitions/context.js';
import type { Completer } from '../definitions/definitions.js';
import { ToolError } from '../definitions/errors.js';
import { asProtocolError } from './protocol-error.js';

/** The specification allows no more in one answer. */
const MAX_VALUES = 100;

/** An argument that somebody is typing. */
export interface Completion {
  readonly name: string;
  readonly value: string;
  /** The arguments that are known already. */
  readonly others: Readonly<Record<string, string>>;
}

type Complete = (completion: Completion, sdk: ServerContext) => MaybePromise<readonly string[]>;

/** What can complete its arguments for one caller: prompts by name, resources by URI template. */
export class Completions {
  readonly #known = new Map<string, Complete>();

  add(type: 'ref/prompt' | 'ref/resource', name: string, complete: Complete): void {
    this.#known.set(`${type} ${name}`, complete);
  }

  /** Serves `completion/complete`. */
  register(server: McpServer): void {
    server.server.setRequestHandler('completion/complete', async ({ params }, sdk) => {
      const { ref, argument, context } = params;
      const name = ref.type === 'ref/prompt' ? ref.name : ref.uri;
      const complete = this.#known.get(`${ref.type} ${name}`);
      try {
        if (complete === undefined) throw new ToolError('NOT_FOUND', 'Nothing to complete there.');
        const values = await complete({ ...argument, others: context?.arguments ?? {} }, sdk);
        const shown = values.slice(0, MAX_VALUES);
        const hasMore = values.length > shown.length;
        return { completion: { values: shown, total: values.length, hasMore } };
      } catch (error) {
        throw asProtocolError(error);
      }
    });
  }
}

/** Runs the completer of an argument; arguments without one have no suggestions. */
export async function complete(
  completers: Readonly<Record<string, Completer | undefined>>,
  { name, value, others }: Completion,
  ctx: CallContext,
): Promise<readonly string[]> {
  const completer = Object.hasOwn(completers, name) ? completers[name] : undefined;
  return (await completer?.(value, ctx as never, others)) ?? [];
}
