import type { Logger } from 'pino';
import type { CallSettings } from '../definitions/settings.js';

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
