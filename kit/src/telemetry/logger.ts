import { AsyncLocalStorage } from 'node:async_hooks';
import { pino } from 'pino';
import { about } from '../about.js';
import type { Config } from '../settings.js';
import { stderr } from '../host/node/line-writer.js';
import { redactLine } from './redact.js';
import { withSourcePlaces } from '../host/node/source-places.js';
{{> logger/imports}}

export type Logger = pino.Logger;

/** A request that is being served. */
export interface Correlation {
  readonly id: string;
}

const correlation = new AsyncLocalStorage<Correlation>();

/** Runs `work` so that every line logged inside it carries `id`. */
export function withCorrelationId<T>(id: string, work: () => T): T {
  return correlation.run({ id }, work);
}

{{> logger/outside}}

/** The request being served: one object as long as it lasts. */
export function currentRequest(): Correlation | undefined {
  return correlation.getStore();
}

/** The id of the request being served, or `undefined` outside of one. */
export function correlationId(): string | undefined {
  return currentRequest()?.id;
}

/** JSON lines on stderr, without secrets: stdout belongs to the protocol. */
export function createLogger(level: Config['LOG_LEVEL']): Logger {
  return pino(
    {
      level,
      base: { service: about.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => redactLine(withSourcePlaces(line)) },
      mixin: () => {
        const id = correlationId();
        return {
          ...(id !== undefined && { correlationId: id }),
          {{> logger/mixin}}
        };
      },
    },
    stderr,
  );
}
