import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { type Logger, pino } from 'pino';
import * as z from 'zod/v4';
import type { Correlation, Host, HostFiles, LogOptions, Sealer } from '../host.js';
import { PROJECT } from './project.js';

/** What may wait for a reader that is slow, in characters and bytes. */
const MAX_WAITING = 4_000_000;
const RETRY_MS = 20;
/** How long the end of the process waits for a reader. */
const MAX_RETRIES_AT_EXIT = 10;
const LOOK_EVERY_MS = 1_000;
const NEWLINE = 10;
const NOTHING = new Uint8Array();

const open = new Set<LineWriter>();
process.on('exit', () => {
  for (const writer of open) writer.flushAtExit();
});

/**
 * Writes lines: those of one turn of the event loop together, which costs a fraction of writing each, and what is left when
 * the process ends. Never throws: what cannot be written, because the disk is full or nobody reads, is lost and counted.
 */
export class LineWriter {
  /** How many lines were lost. */
  lost = 0;
  #waiting = '';
  /** Bytes that a busy reader has not taken yet. They come before what waits. */
  #rest: Uint8Array = NOTHING;
  #isScheduled = false;
  #endsMidLine = false;
  #isLosing = false;

  /** `onLost` hears of the first loss after a success. */
  constructor(
    private readonly target: Target,
    private readonly onLost: (error: unknown) => void = () => {},
  ) {
    open.add(this);
  }

  /** Takes a line with its line break. */
  write(line: string): void {
    if (this.#isFull) this.flushSync();
    if (this.#isFull) {
      this.#lose(1, new Error('more lines wait than may wait'));
      return;
    }
    this.#waiting += line;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flushAsScheduled());
  }

  /** Writes what waits, now. pino asks for it after a fatal line. */
  flushSync(): void {
    this.#writeRest();
    if (this.#rest.length > 0 || this.#waiting === '') return;
    this.#rest = Buffer.from(this.#endsMidLine ? `\n${this.#waiting}` : this.#waiting);
    this.#waiting = '';
    this.#writeRest();
  }

  flushAtExit(): void {
    const clock = new Int32Array(new SharedArrayBuffer(4));
    for (let attempt = 0; attempt < MAX_RETRIES_AT_EXIT; attempt += 1) {
      this.flushSync();
      if (this.#rest.length === 0) return;
      Atomics.wait(clock, 0, 0, RETRY_MS);
    }
  }

  close(): void {
    this.flushAtExit();
    open.delete(this);
    this.target.close();
  }

  get #isFull(): boolean {
    return this.#rest.length + this.#waiting.length > MAX_WAITING;
  }

  #flushAsScheduled(): void {
    this.#isScheduled = false;
    this.flushSync();
  }

  #writeRest(): void {
    const bytes = this.#rest;
    if (bytes.length === 0) return;
    let written = 0;
    try {
      const fd = this.target.fd();
      while (written < bytes.length) written += writeSync(fd, bytes, written);
      this.#rest = NOTHING;
      this.#isLosing = false;
    } catch (error) {
      this.#keepOrLose(bytes.subarray(written), error);
    }
    if (written > 0) this.#endsMidLine = bytes[written - 1] !== NEWLINE;
  }

  #keepOrLose(rest: Uint8Array, error: unknown): void {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
      this.#rest = NOTHING;
      this.#lose(rest.filter((byte) => byte === NEWLINE).length, error);
      return;
    }
    this.#rest = rest;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => this.#flushAsScheduled(), RETRY_MS).unref();
  }

  #lose(lines: number, error: unknown): void {
    this.lost += lines;
    if (this.#isLosing) return;
    this.#isLosing = true;
    this.onLost(error);
  }
}

/** Where lines go. */
interface Target {
  /** @throws when it cannot be opened. */
  fd(): number;
  close(): void;
}

export const stderr = new LineWriter({ fd: () => 2, close: () => {} });

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
/** Not through a symbolic link, which somebody else may have put there. Windows has no such flag. */
const APPENDING = O_APPEND | O_CREAT | O_WRONLY | (O_NOFOLLOW ?? 0);

/** Whether others than its owner may write to a file, and so change what was written. */
function isWritableByOthers(path: string): boolean {
  const file = statSync(path);
  return process.platform !== 'win32' && file.isFile() && (file.mode & 0o022) !== 0;
}

/**
 * A file that only its owner can read, for appending. When it is moved away, as logrotate does, a new one is begun within a
 * second.
 * @throws when it cannot be opened.
 */
export function appendTo(path: string): Target {
  let fd = openSync(path, APPENDING, 0o600);
  let lookAt = performance.now() + LOOK_EVERY_MS;
  return {
    fd() {
      if (performance.now() < lookAt) return fd;
      lookAt = performance.now() + LOOK_EVERY_MS;
      if (isSameFile(path, fd)) return fd;
      const moved = fd;
      fd = openSync(path, APPENDING, 0o600);
      closeSync(moved);
      return fd;
    },
    close() {
      closeSync(fd);
      // The number may soon be that of another file.
      fd = -1;
    },
  };
}

function isSameFile(path: string, fd: number): boolean {
  const [here, opened] = [statSync(path, { throwIfNoEntry: false }), fstatSync(fd)];
  return here?.ino === opened.ino && here.dev === opened.dev;
}

/** JSON lines on stderr: stdout belongs to the protocol. */
function createLogger({ level, service, fields, clean }: LogOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => clean(withSourcePlaces(line)) },
      mixin: fields,
    },
    stderr,
  );
}

const DIST = pathToFileURL(join(PROJECT, 'dist/'));
/** Begins with a literal, so that it is fast in every text: lines have in them what callers sent. */
const PLACE = new RegExp(`${escaped(DIST.href)}([\\w-]+\\.js):(\\d+):(\\d+)`, 'g');
const maps = new Map<string, SourceMap>();

/**
 * A text that names the source where it named the bundle, such as a stack trace. Reads a source map when it is first needed;
 * `node --enable-source-maps` would read all of them at every start.
 */
export function withSourcePlaces(text: string): string {
  return text.replace(PLACE, sourcePlace);
}

function escaped(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function sourcePlace(place: string, file: string, line: string, column: string): string {
  const [row, offset] = [Number(line) - 1, Number(column) - 1];
  const found = mapOf(file)?.findEntry(row, offset);
  // The nearest mapping before a place in the code of a package is in some other line.
  if (found === undefined || !('originalSource' in found) || found.generatedLine !== row) {
    return place;
  }
  const { href } = new URL(found.originalSource, DIST);
  return `${href}:${found.originalLine + 1}:${found.originalColumn + 1}`;
}

function mapOf(file: string): SourceMap | undefined {
  const known = maps.get(file);
  if (known !== undefined) return known;
  const path = join(PROJECT, 'dist', `${file}.map`);
  if (!existsSync(path)) return undefined;
  const map = new SourceMap(JSON.parse(readFileSync(path, 'utf8')));
  maps.set(file, map);
  return map;
}

const inProject = (path: string) => resolve(PROJECT, path);

/** The files of this machine. */
export const files: HostFiles = {
  resolve: inProject,
  read: (path) => readFile(inProject(path), 'utf8'),
  readSync: (path) => readFileSync(inProject(path), 'utf8'),
  append(path, onLost) {
    try {
      return new LineWriter(appendTo(inProject(path)), onLost);
    } catch (error) {
      const isLink = (error as NodeJS.ErrnoException).code === 'ELOOP';
      const reason = isLink ? 'is a symbolic link; leave it out for stderr' : 'cannot be opened';
      throw new Error(reason, { cause: error });
    }
  },
  isWritableByOthers: (path) => isWritableByOthers(inProject(path)),
};

/** A setting that names a file, relative to the project. */
export const file = z.string().transform(inProject);

/** This machine, as Node.js gives it: its own hashes are native and answer at once. */
export const nodeHost: Host = {
  sha256: (text, encoding) => hash('sha256', text, encoding),
  sha256Bytes: (text) => hash('sha256', text, 'buffer'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
  timingSafeEqual,
  sealer,
  base64: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'),
  inspect: (value) =>
    inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, sorted: true }),
  requests: new AsyncLocalStorage<Correlation>(),
  createLogger,
  lines: stderr,
  files,
};

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

function sealer(secret: string | undefined, purpose: string): Sealer {
  const key = secret
    ? new Uint8Array(hkdfSync('sha256', secret, '', purpose, 32))
    : randomBytes(32);
  return {
    seal(text, owner) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(owner));
      const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(sealed, owner) {
      const bytes = Buffer.from(sealed, 'base64url');
      const iv = bytes.subarray(0, IV_BYTES);
      const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
      const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(owner))
        .setAuthTag(tag);
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)) + decipher.final('utf8');
    },
  };
}
