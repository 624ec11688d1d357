import type { Output } from '../report/output.js';

/** What every command gets from `cli/run.ts`. Commands use this instead of `process`. */
export interface CommandContext {
  readonly output: Output;
  /** Aborted by Ctrl-C and SIGTERM; its reason is a CliError with exit code 130 or 143. */
  readonly signal: AbortSignal;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** True on a terminal, where the wizard can ask. */
  readonly interactive: boolean;
}
