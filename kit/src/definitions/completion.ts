import type { CallContext } from '../calls/context.js';

/** An argument that somebody is typing. */
export interface Completion {
  readonly name: string;
  readonly value: string;
  /** The arguments that are known already. */
  readonly others: Readonly<Record<string, string>>;
}

/** Suggests values for an argument, the best ones first; at most 100 are shown. */
export type Completer = (
  value: string,
  ctx: CallContext,
  others: Completion['others'],
) => readonly string[] | Promise<readonly string[]>;

/** Runs the completer of an argument; arguments without one have no suggestions. */
export async function complete(
  completers: Readonly<Record<string, Completer | undefined>>,
  { name, value, others }: Completion,
  ctx: CallContext,
): Promise<readonly string[]> {
  const completer = Object.hasOwn(completers, name) ? completers[name] : undefined;
  return (await completer?.(value, ctx, others)) ?? [];
}
