import type { Era, PlainRequest } from '../dispatch/plain-request.js';
import type { Answer } from './exchange.js';
import { textAnswer } from './plain-http.js';

/**
 * Lists of tools as the protocol library has made them. One depends on the era and on which tools the caller may see, and on
 * nothing else; to turn all schemas into JSON for each request is what a list costs.
 */
export class ToolLists {
  readonly #results: Record<Era, WeakMap<object, string>> = {
    modern: new WeakMap(),
    legacy: new WeakMap(),
  };

  /** @param visibleTo the same object for all who may see the same tools */
  async answer(
    { era, id }: PlainRequest,
    visibleTo: object,
    ask: () => Promise<Answer>,
  ): Promise<Answer> {
    const known = this.#results[era].get(visibleTo);
    if (known !== undefined) {
      return textAnswer(era, [`{"result":${known},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`]);
    }
    const answer = await ask();
    const body = await new Response(answer.body).text();
    const result = answer.status === 200 ? resultIn(body, era) : undefined;
    if (result !== undefined) this.#results[era].set(visibleTo, JSON.stringify(result));
    return { ...answer, body };
  }
}

function resultIn(body: string, era: Era): unknown {
  const message = era === 'modern' ? body : (/^data: (\{.*\})$/m.exec(body)?.[1] ?? '{}');
  return (JSON.parse(message) as { result?: unknown }).result;
}
