import type { Era, PlainRequest } from '../protocol/plain-request.js';
import type { Answer } from './exchange.js';
import { keptAnswer, messageIn } from './plain-http.js';
import { toResponse } from './web-request.js';

type OfMethod = Map<PlainRequest['method'], Uint8Array>;

/**
 * Lists of tools and discoveries as the protocol library has made them. One depends on the era and on which tools the caller may
 * see, and on nothing else; to turn all schemas into JSON for each request is what a list costs.
 */
export class KeptResults {
  readonly #results: Record<Era, WeakMap<object, OfMethod>> = {
    modern: new WeakMap(),
    legacy: new WeakMap(),
  };

  /** The answer, if there was one before. @param visibleTo the same object for all who may see the same tools */
  answer({ era, id, method }: PlainRequest, visibleTo: object): Answer | undefined {
    const known = this.#results[era].get(visibleTo)?.get(method);
    return known && keptAnswer(era, id, known);
  }

  /** Remembers the library's answer, and gives it back. */
  async keep({ era, method }: PlainRequest, visibleTo: object, answer: Answer): Promise<Answer> {
    const body = await toResponse(answer).text();
    const result = answer.status === 200 ? resultIn(body, era) : undefined;
    if (result !== undefined) {
      const ofMethod = this.#results[era].get(visibleTo) ?? new Map();
      this.#results[era].set(visibleTo, ofMethod.set(method, Buffer.from(JSON.stringify(result))));
    }
    return { ...answer, body };
  }
}

function resultIn(body: string, era: Era): unknown {
  const message = era === 'modern' ? body : messageIn(body);
  return (JSON.parse(message) as { result?: unknown }).result;
}
