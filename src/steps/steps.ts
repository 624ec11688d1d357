import { CliError } from '../errors.js';
import type { StepResult, StepStatus } from '../model.js';

/** What a running step reports with. */
export interface StepProgress {
  /** A line of a child's output. */
  line(text: string): void;
  /** A finished part of the step, shown on a line of its own. */
  part(result: StepResult): void;
}

/** Shows steps to a person. */
export interface StepView {
  /** Shows that work goes on until it ends. Rejects as the work does. */
  working<T>(title: string, work: (progress: StepProgress) => Promise<T>): Promise<T>;
  result(result: StepResult, title: string): void;
}

/** How a step ended, when it did not throw. */
export interface StepOutcome {
  readonly status?: StepStatus;
  readonly detail?: string;
}

export interface Step {
  /** In `--json`. */
  readonly name: string;
  /** For a person: "Install dependencies with …". */
  readonly title: string;
}

/** Runs the steps of a command one after the other, shows each, and remembers how it went. */
export class Steps {
  readonly results: StepResult[] = [];
  readonly #view: StepView;

  constructor(view: StepView) {
    this.#view = view;
  }

  /** Runs one step. What the work throws is recorded as a failure and thrown on. */
  async run(
    step: Step,
    work: (progress: StepProgress) => Promise<StepOutcome | undefined>,
  ): Promise<void> {
    const started = performance.now();
    const end = (status: StepStatus, detail?: string) => {
      const ms = Math.round(performance.now() - started);
      this.#add(step, { name: step.name, status, ms, ...(detail ? { detail } : {}) });
    };
    try {
      const outcome = await this.#view.working(step.title, work);
      end(outcome?.status ?? 'ok', outcome?.detail);
    } catch (error) {
      end('failed', isInterruption(error) ? 'interrupted' : undefined);
      throw error;
    }
  }

  skip(step: Step, detail: string): void {
    this.#add(step, { name: step.name, status: 'skipped', ms: 0, detail });
  }

  /** Whether a step was run or skipped. */
  has(name: string): boolean {
    return this.results.some((result) => result.name === name);
  }

  #add(step: Step, result: StepResult): void {
    this.results.push(result);
    this.#view.result(result, step.title);
  }
}

function isInterruption(error: unknown): boolean {
  return error instanceof CliError && error.exitCode >= 128;
}
