/** Suggests values for an argument, the best ones first; at most 100 are shown. */
export type Completer<Context = never> = (
  value: string,
  ctx: Context,
  /** The arguments that are known already. */
  others: Readonly<Record<string, string>>,
) => readonly string[] | Promise<readonly string[]>;
