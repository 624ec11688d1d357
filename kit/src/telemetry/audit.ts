import { createHmac, hash } from 'node:crypto';
import { about } from '../about.js';
import { type Config, ConfigError } from '../settings.js';
import type { Principal } from '../calls/principal.js';
import type { Call } from '../calls/run-call.js';
import { canonicalJson } from './canonical-json.js';
import { appendTo, isWritableByOthers, LineWriter, stderr } from '../host/node/line-writer.js';
import type { Logger } from './logger.js';
import { redactLine, redactValue, shortened } from './redact.js';
{{> audit/imports}}

/** Longer arguments are named by their hash. */
const MAX_ARGUMENTS = 4_000;

/** How one call ended. */
export interface AuditEntry {
  readonly call: Call;
  readonly principal: Principal;
  /** `ok`, `input_required`, or the code of the error. */
  readonly outcome: string;
  readonly ms: number;
  readonly correlationId: string;
  /** The version of the protocol that the caller spoke: 2026-07-28, or 2025 for all before it. */
  readonly era: string;
}

/** One line for every call, never sampled, also for those that were refused. */
export interface AuditLog {
  record(entry: AuditEntry): void;
  /** How many lines could not be written. */
  readonly lost: number;
  close(): void;
}

/**
 * Opens the file of `AUDIT_LOG_PATH`, or writes to stderr, whatever `LOG_LEVEL` is; only `silent` silences it there. A line that
 * cannot be written does not stop its call: a full disk must not be a way to stop the server. The loss is logged and counted.
 * @throws {ConfigError} when the file cannot be opened.
 */
export function openAuditLog(config: Config, log: Logger): AuditLog {
  const { AUDIT_LOG_PATH: path, LOG_LEVEL } = config;
  const writer = path === undefined ? stderr : openFile(path, log);
  const isSilent = path === undefined && LOG_LEVEL === 'silent';
  return {
    record: isSilent ? () => {} : (entry) => writer.write(toLine(entry, config)),
    get lost() {
      return writer.lost;
    },
    close() {
      if (writer !== stderr) writer.close();
    },
  };
}

function openFile(path: string, log: Logger): LineWriter {
  try {
    const writer = new LineWriter(appendTo(path), (error) => {
      log.error({ err: error }, 'lines of the audit log are lost');
    });
    if (isWritableByOthers(path)) log.warn({ path }, 'others can write to the audit log');
    return writer;
  } catch (error) {
    const isLink = (error as NodeJS.ErrnoException).code === 'ELOOP';
    const reason = isLink ? 'is a symbolic link; leave it out for stderr' : 'cannot be opened';
    throw new ConfigError([`AUDIT_LOG_PATH: ${path} ${reason}`]);
  }
}

function toLine(entry: AuditEntry, config: Config): string {
  const { call, principal, outcome, ms, correlationId, era } = entry;
  const line = JSON.stringify({
    level: 'info',
    type: 'audit',
    time: isoTime(),
    service: about.name,
    principal: principal.id,
    {{> audit/fields}}
    kind: call.isCompletion ? 'completion' : call.kind,
    name: shortened(call.name),
    uri: call.uri && shortened(call.uri),
    arguments: shownArguments(call.input, config),
    outcome,
    ms: Math.round(ms * 1_000) / 1_000,
    correlationId: shortened(correlationId),
    era,
  });
  return redactLine(line);
}

let latest = { ms: 0, text: '' };

/** The time; many calls end in the same millisecond. */
function isoTime(): string {
  const ms = Date.now();
  if (ms !== latest.ms) latest = { ms, text: new Date(ms).toISOString() };
  return latest.text;
}

function shownArguments(
  input: unknown,
  { AUDIT_ARGUMENTS: shown, AUDIT_HASH_KEY: key }: Config,
): unknown {
  if (input === undefined || shown === 'none') return undefined;
  try {
    const text = canonicalJson(input);
    if (shown === 'redacted' && text.length <= MAX_ARGUMENTS) return redactValue(JSON.parse(text));
    if (key === undefined) return `sha256:${hash('sha256', text)}`;
    return `hmac-sha256:${createHmac('sha256', key).update(text).digest('hex')}`;
  } catch {
    return 'unreadable';
  }
}
