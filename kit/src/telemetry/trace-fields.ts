/** Where a line of the log belongs. */
export interface TraceFields {
  readonly trace_id: string;
  readonly span_id: string;
}

let find: () => TraceFields | undefined = () => undefined;

/** Tells the logs how to find the span that is going on. */
export function findTraceFields(finder: () => TraceFields | undefined): void {
  find = finder;
}

/** The span that is going on, if there are traces. */
export function traceFields(): TraceFields | undefined {
  return find();
}
