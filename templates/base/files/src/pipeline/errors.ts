export interface ToolErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later. */
  readonly retryable?: boolean;
  /** What the model could do instead. */
  readonly suggestions?: readonly string[];
}

/** The only error whose message reaches the caller. Everything else is logged and answered with a generic text. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly retryable: boolean;
  readonly suggestions: readonly string[];

  constructor(
    readonly code: string,
    message: string,
    { retryable = false, suggestions = [], ...options }: ToolErrorOptions = {},
  ) {
    super(message, options);
    this.retryable = retryable;
    this.suggestions = suggestions;
  }
}
