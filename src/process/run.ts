import { endTree, killTree } from './process-tree.js';

const TAIL_LINES = 20;
/** How long output may stay open after the child itself has ended (a daemon may have inherited the pipe). */
const DRAIN_MS = 300;

export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Called with each line of the child's output. */
  readonly onLine?: (line: string) => void;
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** `missing`: there is no such program on this machine. */
  readonly outcome: 'ok' | 'failed' | 'missing' | 'timeout';
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The last lines of stdout and stderr together. */
  readonly tail: readonly string[];
}

const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) killTree(pid);
});

/**
 * Runs a program in a process group of its own, so that its whole tree can be ended. Never throws for what
 * the program does; throws `signal.reason` when interrupted, after the tree is dead.
 */
export async function run(command: readonly string[], options: RunOptions): Promise<RunResult> {
  const [program = '', ...args] = command;
  const { execa } = await import('execa');
  // After the import: a signal from while it was loading must not be lost.
  options.signal.throwIfAborted();

  const tail: string[] = [];
  const stdout: string[] = [];
  const child = execa(program, args, {
    cwd: options.cwd,
    env: options.env,
    extendEnv: false,
    stdin: 'ignore',
    detached: process.platform !== 'win32',
    buffer: false,
    reject: false,
    windowsHide: true,
  });

  let timedOut = false;
  let ending: Promise<void> | undefined;
  const end = () => {
    if (child.pid !== undefined) ending ??= endTree(child.pid);
  };
  const timer = options.timeoutMs
    ? setTimeout(() => {
        timedOut = true;
        end();
      }, options.timeoutMs)
    : undefined;
  options.signal.addEventListener('abort', end, { once: true });
  if (child.pid !== undefined) running.add(child.pid);

  const onLine = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    options.onLine?.(line);
  };
  const flushes = [
    splitLines(child.stdout, (line) => {
      stdout.push(line);
      onLine(line);
    }),
    splitLines(child.stderr, onLine),
  ];
  child.once('exit', () => {
    setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, DRAIN_MS).unref();
  });

  const result = await child;
  // Its streams have ended by now; that they are closed may come later.
  for (const flush of flushes) flush();
  clearTimeout(timer);
  options.signal.removeEventListener('abort', end);
  await ending;
  if (child.pid !== undefined) running.delete(child.pid);
  options.signal.throwIfAborted();

  return {
    outcome: timedOut ? 'timeout' : outcomeOf(result.exitCode, result.code),
    exitCode: result.exitCode ?? null,
    stdout: stdout.join('\n'),
    tail,
  };
}

function outcomeOf(exitCode: number | undefined, code: string | undefined): RunResult['outcome'] {
  if (exitCode === 0) return 'ok';
  return code === 'ENOENT' ? 'missing' : 'failed';
}

/** @returns what ends the last line, which may have no line break. */
function splitLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): () => void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') onLine(line);
  });
  return () => {
    if (rest.trim() !== '') onLine(rest);
    rest = '';
  };
}
