import { AsyncLocalStorage } from 'node:async_hooks';
import { pino } from 'pino';
import { about } from '../about.js';
import type { Config } from '../config.js';
import { stderr } from './line-writer.js';
import { redactLine } from './redact.js';
import { withSourcePlaces } from './source-places.js';

export type Logger = pino.Logger;

const correlation = new AsyncLocalStorage<string>();

/** Runs `work` so that every line logged inside it carries `id`. */
export function withCorrelationId<T>(id: string, work: () => T): T {
  return correlation.run(id, work);
}

/** The id of the request being served, or `undefined` outside of one. */
export function correlationId(): string | undefined {
  return correlation.getStore();
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
        return id === undefined ? {} : { correlationId: id };
      },
    },
    stderr,
  );
}
