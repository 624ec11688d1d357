import type { Logger } from 'pino';
import * as z from 'zod/v4';
import type { CallEnd } from '../calls/call.js';
import type { CallObserver } from '../calls/services.js';
import { type CallSettings, ConfigError, type SettingsOf } from '../definitions/settings.js';
import type { Host, LineSink } from '../host/host.js';
import { redactLine, redactValue, shortened, traceFields } from './logger.js';

/** Longer arguments are named by their hash. */
const MAX_ARGUMENTS = 4_000;

export const auditSettings = {
  /** Relative to the project. */
  AUDIT_LOG_PATH: z.string().optional(),
  AUDIT_ARGUMENTS: z.enum(['hash', 'redacted', 'none']).default('hash'),
  AUDIT_HASH_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
};

export type AuditSettings = SettingsOf<typeof auditSettings>;

/** One line for every call, never sampled, also for those that were refused. */
export interface AuditLog extends CallObserver {
  /** How many lines could not be written. */
  readonly lost: number;
  close(): void;
}

/**
 * Opens the file of `AUDIT_LOG_PATH`, or writes to stderr, whatever `LOG_LEVEL` is; only `silent` silences it there. A line that
 * cannot be written does not stop its call: a full disk must not be a way to stop the server. The loss is logged and counted.
 * @throws {ConfigError} when the file cannot be opened.
 */
export function openAuditLog(
  config: AuditSettings & Pick<CallSettings, 'LOG_LEVEL'>,
  service: string,
  log: Logger,
  host: Host,
): AuditLog {
  const { AUDIT_LOG_PATH: path, LOG_LEVEL } = config;
  const writer = path === undefined ? host.lines : openFile(path, log, host);
  const isSilent = path === undefined && LOG_LEVEL === 'silent';
  return {
    ended: isSilent ? () => {} : (end) => writer.write(toLine(end, service, config, host)),
    get lost() {
      return writer.lost;
    },
    close() {
      if (writer !== host.lines) writer.close();
    },
  };
}

function openFile(relative: string, log: Logger, { files }: Host): LineSink {
  if (files === undefined) {
    throw new ConfigError(['AUDIT_LOG_PATH: there are no files here; leave it out for the log']);
  }
  const path = files.resolve(relative);
  try {
    const lines = files.append(path, (error) => {
      log.error({ err: error }, 'lines of the audit log are lost');
    });
    if (files.isWritableByOthers(path)) log.warn({ path }, 'others can write to the audit log');
    return lines;
  } catch (error) {
    throw new ConfigError([`AUDIT_LOG_PATH: ${path} ${(error as Error).message}`]);
  }
}

function toLine(end: CallEnd, service: string, config: AuditSettings, host: Host): string {
  const { call, principal, outcome, ms, correlationId, era } = end;
  const line = JSON.stringify({
    level: 'info',
    type: 'audit',
    time: isoTime(),
    service,
    principal: principal.id,
    issuer: principal.issuer,
    ...traceFields(),
    kind: call.isCompletion ? 'completion' : call.kind,
    name: shortened(call.name),
    uri: call.uri && shortened(call.uri),
    arguments: shownArguments(call.input, config, host),
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
  { AUDIT_ARGUMENTS: shown, AUDIT_HASH_KEY: key }: AuditSettings,
  host: Host,
): unknown {
  if (input === undefined || shown === 'none') return undefined;
  try {
    const text = canonicalJson(input);
    if (shown === 'redacted' && text.length <= MAX_ARGUMENTS) return redactValue(JSON.parse(text));
    if (key === undefined) return `sha256:${host.sha256(text, 'hex')}`;
    return `hmac-sha256:${host.hmacSha256(key, text)}`;
  } catch {
    return 'unreadable';
  }
}

/**
 * The same text for the same value, whatever the order of its fields.
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null || 'toJSON' in value) {
    return JSON.stringify(value) ?? 'null';
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let fields = '';
  for (const name of Object.keys(value).sort()) {
    const field: unknown = value[name as keyof typeof value];
    if (field === undefined) continue;
    fields += `${fields === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(field)}`;
  }
  return `{${fields}}`;
}
