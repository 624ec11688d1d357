import type { StepResult, StepStatus } from '../model.js';

/** How a step ended when it neither simply succeeded nor threw. */
export interface CheckOutcome {
  readonly status: StepStatus;
  readonly detail?: string;
  /** Set when the step is not proven because the server's store is unreachable: the server's own reason. */
  readonly storeReason?: string;
  /** The same for an API that the server calls. */
  readonly apiReason?: string;
}

/** The step does not apply here. */
export const skipped = (detail: string): CheckOutcome => ({ status: 'skipped', detail });
/** The step could not be run; the server may still be right. */
export const unproven = (detail: string): CheckOutcome => ({ status: 'unproven', detail });
/** Not proven, because the server reports that its store does not answer. */
export const storeDown = (reason: string): CheckOutcome => ({
  status: 'unproven',
  detail: `the server's store is unreachable: ${reason}`,
  storeReason: reason,
});

/** Not proven, because the server reports that an API which it calls does not answer. */
export const apiDown = (reason: string): CheckOutcome => ({
  status: 'unproven',
  detail: `a service that the server calls is unreachable: ${reason}`,
  apiReason: reason,
});

/** A step failed for a known reason; the message is for people. */
export class SmokeFailure extends Error {
  override readonly name = 'SmokeFailure';
}

export interface RecorderOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onStep: (step: StepResult) => void;
  /** Removes secrets from text that goes into the report. */
  readonly redact: (text: string) => string;
}

/**
 * Collects the steps of several groups (one per transport and era) that run concurrently. Steps are reported group by
 * group, so that the order is the same in every run: a group is reported once all groups before it have ended.
 */
export class Recorder {
  readonly #groups: CheckGroup[] = [];
  readonly storeReasons = new Set<string>();
  readonly apiReasons = new Set<string>();

  constructor(readonly options: RecorderOptions) {}

  /** A new group, reported after those before it. */
  group(title: string): CheckGroup {
    const group = new CheckGroup(title, this);
    this.#groups.push(group);
    return group;
  }

  /** All steps so far, group by group. */
  get steps(): StepResult[] {
    return this.#groups.flatMap((group) => group.steps);
  }

  get groups(): readonly CheckGroup[] {
    return this.#groups;
  }

  /** Reports what can be reported in order. */
  flush(): void {
    for (const group of this.#groups) {
      for (const step of group.takeUnreported()) this.options.onStep(step);
      if (!group.ended) return;
    }
  }
}

/** The steps of one transport and era, or of a server process. */
export class CheckGroup {
  readonly steps: StepResult[] = [];
  ended = false;
  /** Returns the output of the group's server process; shown when a step failed. */
  log: (() => string) | null = null;
  /** Why the server exited, or null while it runs; added to the text of a failed step. */
  exitReason: () => string | null = () => null;
  #reported = 0;
  #timedOut = false;
  readonly #recorder: Recorder;

  constructor(
    readonly title: string,
    recorder: Recorder,
  ) {
    this.#recorder = recorder;
  }

  get failed(): boolean {
    return this.steps.some((step) => step.status === 'failed');
  }

  /**
   * Runs one step under a time limit and records it. The step's function returns a detail or an outcome, or throws.
   * Returns whether it ended `ok`. Throws only when the whole smoke test was aborted. After a timeout,
   * later steps get less time, so that the report does not take a minute.
   */
  async step(
    name: string,
    run: (signal: AbortSignal) => Promise<string | CheckOutcome | undefined>,
    onTimeout = 'no answer',
  ): Promise<boolean> {
    const { signal: aborted } = this.#recorder.options;
    aborted.throwIfAborted();
    const started = performance.now();
    let outcome: CheckOutcome;
    try {
      const result = await this.limited(run, onTimeout);
      outcome = typeof result === 'object' ? result : okay(result);
    } catch (error) {
      aborted.throwIfAborted();
      const gone = this.exitReason();
      const text = describe(error);
      outcome = { status: 'failed', detail: gone === null ? text : `${text} (${gone})` };
    }
    this.record(name, outcome, performance.now() - started);
    return outcome.status === 'ok';
  }

  /** Runs work under this group's time limit, whatever it does with the signal that it gets. */
  async limited<T>(run: (signal: AbortSignal) => Promise<T>, onTimeout = 'no answer'): Promise<T> {
    const { signal: aborted, timeoutMs } = this.#recorder.options;
    const limitMs = this.#timedOut ? timeoutMs / 5 : timeoutMs;
    const controller = new AbortController();
    const interrupted = new SmokeFailure('interrupted');
    const late = new SmokeFailure(`${onTimeout} within ${limitMs / 1000} s`);
    let stop = (): void => {};
    const limit = new Promise<never>((_, reject) => {
      const fail = (error: Error) => {
        reject(error);
        controller.abort(error);
      };
      const onAbort = () => fail(interrupted);
      const timer = setTimeout(() => {
        this.#timedOut = true;
        fail(late);
      }, limitMs);
      aborted.addEventListener('abort', onAbort, { once: true });
      stop = () => {
        clearTimeout(timer);
        aborted.removeEventListener('abort', onAbort);
      };
    });
    try {
      return await Promise.race([run(controller.signal), limit]);
    } finally {
      stop();
    }
  }

  record(name: string, outcome: CheckOutcome, ms: number): void {
    const { redact } = this.#recorder.options;
    if (outcome.storeReason !== undefined) {
      this.#recorder.storeReasons.add(redact(outcome.storeReason));
    }
    if (outcome.apiReason !== undefined) {
      this.#recorder.apiReasons.add(redact(outcome.apiReason));
    }
    this.steps.push({
      name: `${this.title} · ${name}`,
      status: outcome.status,
      ms: Math.round(ms),
      ...(outcome.detail === undefined ? {} : { detail: redact(outcome.detail) }),
    });
    this.#recorder.flush();
  }

  end(): void {
    this.ended = true;
    this.#recorder.flush();
  }

  takeUnreported(): StepResult[] {
    const fresh = this.steps.slice(this.#reported);
    this.#reported = this.steps.length;
    return fresh;
  }
}

const okay = (detail: string | undefined): CheckOutcome =>
  detail === undefined ? { status: 'ok' } : { status: 'ok', detail };

/** One line for any thrown value; network errors hide their reason in a chain of causes. */
export function describe(error: unknown): string {
  const parts = new Set<string>();
  for (let at = error; at instanceof Error && parts.size < 5; at = at.cause) {
    parts.add(at.message || (at as NodeJS.ErrnoException).code || at.name);
  }
  return oneLine(parts.size > 0 ? [...parts].join(': ') : String(error));
}

/** Untrusted text as part of one line. */
export function oneLine(text: string, length = 400): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}
