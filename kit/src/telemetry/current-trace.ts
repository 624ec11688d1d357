/** Where a line of the log belongs. */
export interface CurrentTrace {
  readonly trace_id: string;
  readonly span_id: string;
}

let current: () => CurrentTrace | undefined = () => undefined;

/** Tells the log how to find the span that is going on. */
export function findCurrentTrace(find: () => CurrentTrace | undefined): void {
  current = find;
}

/** The span that is going on, if there are traces. */
export function currentTrace(): CurrentTrace | undefined {
  return current();
}
