import { pino } from 'pino';
import { correlationId } from '../calls/correlation.js';
import type { CallSettings } from '../definitions/settings.js';
import { stderr } from '../host/node/line-writer.js';
import { withSourcePlaces } from '../host/node/source-places.js';
import { redactLine } from './redact.js';
import { traceFields } from './trace-fields.js';

export type Logger = pino.Logger;

/** JSON lines on stderr, without secrets: stdout belongs to the protocol. */
export function createLogger(level: CallSettings['LOG_LEVEL'], service: string): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => redactLine(withSourcePlaces(line)) },
      mixin: () => {
        const id = correlationId();
        return {
          ...(id !== undefined && { correlationId: id }),
          ...traceFields(),
        };
      },
    },
    stderr,
  );
}
