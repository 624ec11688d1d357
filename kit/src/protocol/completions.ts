import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import { ToolError } from '../calls/errors.js';
import type { MaybePromise } from '../calls/maybe-async.js';
import { asProtocolError } from './protocol-error.js';
import * as prompts from '../prompts/index.js';
import * as resources from '../resources/index.js';
import type { Completion } from '../definitions/completion.js';

/** The specification allows no more in one answer. */
const MAX_VALUES = 100;

/** Whether anything that is served can complete its arguments. */
export const offersCompletions = [...Object.values(prompts), ...Object.values(resources)].some(
  (one) => 'complete' in one,
);

type Complete = (completion: Completion, sdk: ServerContext) => MaybePromise<readonly string[]>;

/** What can complete its arguments for one caller: prompts by name, resources by URI template. */
export class Completions {
  readonly #known = new Map<string, Complete>();

  add(type: 'ref/prompt' | 'ref/resource', name: string, complete: Complete): void {
    this.#known.set(`${type} ${name}`, complete);
  }

  /** Serves `completion/complete`. */
  register(server: McpServer): void {
    if (!offersCompletions) return;
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
