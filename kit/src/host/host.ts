import type { Logger } from 'pino';
import * as z from 'zod/v4';
import {
  type CallSettings,
  ConfigError,
  type SettingsOf,
  type SettingsShape,
} from '../definitions/settings.js';

/**
 * What a server needs of the machine and web standards do not give, or give only to those who wait: WebCrypto hashes
 * asynchronously, which a call cannot afford. `host/node/host.ts` is the one of Node.js; another platform brings its own.
 */
export interface Host {
  sha256(text: string, encoding: 'hex' | 'base64' | 'base64url'): string;
  sha256Bytes(text: string): Uint8Array;
  /** In hexadecimal digits. */
  hmacSha256(key: string, text: string): string;
  /** Compares two values of the same length, in a time that does not depend on where they differ. */
  timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean;
  /** @param secret what replicas share; without it there is a new key, which only this process knows */
  sealer(secret: string | undefined, purpose: string): Sealer;
  base64(bytes: Uint8Array): string;
  /**
   * The whole of a value as a person can read it. Two values that differ have two texts, also where JSON has one: a Map, a Set, a
   * date. Answers of a person count for calls with the same text.
   */
  inspect(value: unknown): string;
  readonly requests: RequestScope;
  createLogger(options: LogOptions): Logger;
  /** Where lines of the log go; those of the audit log, too, unless they have a file. */
  readonly lines: LineSink;
  /** A platform without files leaves them out; settings that name one are mistakes there. */
  readonly files?: HostFiles;
}

/** A request that is being served: one object as long as it lasts. */
export interface Correlation {
  readonly id: string;
}

/**
 * The request that code runs for, also after it has waited: an `AsyncLocalStorage`. On a platform that has nothing like it (`getStore` is
 * always undefined) log lines have no correlation id, and calls that the protocol refuses have no line in the audit log.
 */
export interface RequestScope {
  run<T>(request: Correlation, work: () => T): T;
  /** Runs `work` as if no request were being served. */
  exit<T>(work: () => T): T;
  getStore(): Correlation | undefined;
}

/** Encrypts texts (AES-256-GCM, with a key that HKDF makes of a secret). */
export interface Sealer {
  /** @param owner for whom it is: nobody else's can be opened as theirs */
  seal(text: string, owner: string): string;
  /** @throws when it was not sealed with this key for this owner, or has changed. */
  open(sealed: string, owner: string): string;
}

export interface LogOptions {
  readonly level: CallSettings['LOG_LEVEL'];
  /** The name of the server, in each line. */
  readonly service: string;
  /** What is in a line besides what it says. */
  fields(): object;
  /** Makes of a line what may be written: without secrets. */
  clean(line: string): string;
}

/** Takes lines, each with its line break. Never throws. */
export interface LineSink {
  /** How many lines were lost. */
  readonly lost: number;
  write(line: string): void;
  close(): void;
}

/** Files. Paths are relative to the project: clients start servers in whatever folder they are in. */
export interface HostFiles {
  resolve(path: string): string;
  read(path: string): Promise<string>;
  readSync(path: string): string;
  /**
   * Appends lines to a file that only its owner can read.
   * @param onLost hears of the first loss after a success
   * @throws {Error} with the reason, when it cannot be opened.
   */
  append(path: string, onLost: (error: unknown) => void): LineSink;
  /** Whether others than its owner may write to a file, and so change what was written. */
  isWritableByOthers(path: string): boolean;
}

// Web standards, in the form in which the kit needs them.

const encoder = new TextEncoder();

/** A text in UTF-8. */
export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** How many bytes a text has in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** A character of a string has at most so many bytes in UTF-8. */
const MAX_BYTES_EACH = 3;

/** How many bytes a text has over `max`; not above 0 when it fits. Most texts are so short that nobody has to count. */
export function bytesOver(max: number, text: string): number {
  return text.length * MAX_BYTES_EACH <= max ? 0 : byteLength(text) - max;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** 256 random bits as a text that can be in a header. */
export function randomToken(): string {
  const text = btoa(String.fromCharCode(...randomBytes(32)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export type Timer = ReturnType<typeof setTimeout>;

/** The same timer. It does not keep the process alive, where there is one. */
export function unref(timer: Timer): Timer {
  (timer as Partial<Pick<Timer, 'unref'>>).unref?.();
  return timer;
}

/** Waits. With `ref: false` that does not keep the process alive. */
export function sleep(ms: number, { ref = true } = {}): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    if (!ref) unref(timer);
  });
}

/** How long answers have once there is a hurry, before what has none is closed (milliseconds). */
const ANSWER_MS = 400;

/** Waits for `work`, but not longer than `ms` milliseconds once there is a hurry. */
export async function orHurry(
  work: Promise<unknown>,
  hurry: AbortSignal,
  ms = ANSWER_MS,
): Promise<void> {
  const hurried = new Promise<void>((resolve) => {
    if (hurry.aborted) resolve();
    else hurry.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([work, hurried.then(() => sleep(ms))]);
}

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads and validates the environment. An empty variable counts as not set; `NAME_FILE` names a file that holds the value of
 * `NAME`, which keeps secrets out of the environment. Paths are relative to the project.
 * @param required variables without which this process, unlike others of the project, cannot do its work; of a list of them,
 * exactly one must be set
 * @param files where the platform has some
 * @throws {ConfigError} naming every variable that is missing or wrong.
 */
export function loadSettings<Shape extends SettingsShape>(
  shape: Shape,
  env: Env,
  required: readonly (string | readonly string[])[] = [],
  files?: Pick<HostFiles, 'readSync'>,
): SettingsOf<Shape> {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const name of Object.keys(shape)) {
    const value = readValue(name, env, problems, files);
    if (value) values[name] = value;
  }
  const parsed = z.object(shape).safeParse(values);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const name = String(path[0]);
      if (name in values) problems.push(`${name}: ${message}`);
      else if (!env[`${name}_FILE`]) problems.push(`${name}: is required`);
    }
  }
  for (const one of required) {
    const names = [one].flat();
    const given = names.filter((name) => name in values || env[`${name}_FILE`]);
    if (given.length === 1) continue;
    const problem = names.length > 1 ? 'set exactly one of them' : 'is required';
    problems.push(`${names.join(', ')}: ${problem}`);
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(parsed.data) as SettingsOf<Shape>;
}

function readValue(
  name: string,
  env: Env,
  problems: string[],
  files?: Pick<HostFiles, 'readSync'>,
): string | undefined {
  const path = env[`${name}_FILE`];
  if (!path) return env[name]?.trim();
  if (env[name]) problems.push(`${name}: set ${name} or ${name}_FILE, not both`);
  try {
    if (files === undefined) throw new Error('there are no files');
    const text = files.readSync(path).trim();
    if (text === '') problems.push(`${name}_FILE: the file is empty`);
    return text;
  } catch {
    problems.push(`${name}_FILE: the file cannot be read`);
    return undefined;
  }
}
