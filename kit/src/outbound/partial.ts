import { type CallContext, ToolError } from '../definitions/definitions.js';

/** What became of several pieces of work that do not depend on each other. */
export interface Outcomes<Item, Result> {
  readonly done: readonly { readonly item: Item; readonly result: Result }[];
  readonly failed: readonly Failure<Item>[];
}

/** Why one piece failed, in words for the caller. */
export interface Failure<Item> {
  readonly item: Item;
  readonly code: string;
  readonly message: string;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
}

/**
 * Does the work for every item, a few at a time, and tells which succeeded and which failed: a failure does not hide what was done.
 * @param atOnce how many run at the same time
 * @throws the reason of the call's signal, when the caller has left.
 */
export async function settleEach<Item, Result>(
  items: readonly Item[],
  { signal, log }: Pick<CallContext, 'signal' | 'log'>,
  work: (item: Item) => Promise<Result>,
  atOnce = 4,
): Promise<Outcomes<Item, Result>> {
  const settled: ({ item: Item; result: Result } | Failure<Item>)[] = [];
  const rest = items.entries();
  const worker = async () => {
    for (const [index, item] of rest) {
      signal.throwIfAborted();
      try {
        settled[index] = { item, result: await work(item) };
      } catch (error) {
        signal.throwIfAborted();
        settled[index] = { item, ...described(error, log) };
      }
    }
  };
  await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  signal.throwIfAborted();
  return {
    done: settled.filter((one) => 'result' in one),
    failed: settled.filter((one) => 'code' in one),
  };
}

function described(error: unknown, log: CallContext['log']) {
  if (error instanceof ToolError) {
    const { code, message, retryable } = error;
    return { code, message, retryable };
  }
  log.error({ err: error }, 'a part of a call failed');
  return { code: 'INTERNAL', message: 'Internal error.', retryable: false };
}
