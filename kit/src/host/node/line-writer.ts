import { closeSync, constants, fstatSync, openSync, statSync, writeSync } from 'node:fs';

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
export function isWritableByOthers(path: string): boolean {
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
