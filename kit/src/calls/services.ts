import type { Config } from '../settings.js';
import { CallLimits } from '../limits/call-limits.js';
{{> app/imports}}
import { type AuditLog, openAuditLog } from '../telemetry/audit.js';
import { createLogger, type Logger } from '../telemetry/logger.js';
import { RoundStates } from './round-state.js';
import { Cursors } from '../protocol/cursors.js';

/** What lives as long as the process; every call gets it. */
export interface Services {
  readonly config: Config;
  readonly log: Logger;
  readonly audit: AuditLog;
  readonly limits: CallLimits;
  readonly changes: Changes;
  /** What clients keep between the rounds of a call. */
  readonly rounds: RoundStates;
  /** Where the pages of long lists begin. */
  readonly cursors: Cursors;
  {{> app/services}}
}

export interface App extends Services {
  /** What the server depends on; a check rejects while its dependency cannot be reached. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>;
  close(): Promise<void>;
}

/** The composition root: opens everything that lives as long as the process. */
export function createApp(config: Config, log = createLogger(config.LOG_LEVEL)): App {
  {{> app/changes}}
  const audit = openAuditLog(config, log);
  {{> app/open}}
  return {
    config,
    log,
    audit,
    {{> app/limits}}
    changes,
    {{> app/rounds}}
    {{> app/values}}
    checks: {
      {{> app/checks}}
    },
    async close() {
      {{> app/close}}
      audit.close();
    },
  };
}
