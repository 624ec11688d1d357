import { createHmac, hash } from 'node:crypto';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import type { CallEnd } from '../calls/call.js';
import type { CallObserver } from '../calls/services.js';
import { type CallSettings, ConfigError, type SettingsOf } from '../definitions/settings.js';
import { appendTo, isWritableByOthers, LineWriter, stderr } from '../host/node/line-writer.js';
import { file } from '../host/node/settings.js';
import { traceFields } from './logger.js';
import { redactLine, redactValue, shortened } from './redact.js';

/** Longer arguments are named by their hash. */
const MAX_ARGUMENTS = 4_000;

export const auditSettings = {
  AUDIT_LOG_PATH: file.optional(),
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
): AuditLog {
  const { AUDIT_LOG_PATH: path, LOG_LEVEL } = config;
  const writer = path === undefined ? stderr : openFile(path, log);
  const isSilent = path === undefined && LOG_LEVEL === 'silent';
  return {
    ended: isSilent ? () => {} : (end) => writer.write(toLine(end, service, config)),
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

function toLine(end: CallEnd, service: string, config: AuditSettings): string {
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
  { AUDIT_ARGUMENTS: shown, AUDIT_HASH_KEY: key }: AuditSettings,
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
