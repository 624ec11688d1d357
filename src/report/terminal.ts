import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Paint = (style: Style, text: string) => string;

type TextStream = NodeJS.WriteStream;

/** Colours for a stream: as `NO_COLOR` and `FORCE_COLOR` say, else only on a terminal. */
export function painter(stream: TextStream, env: NodeJS.ProcessEnv): Paint {
  return wantsColor(stream, env)
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;
}

/** Whether a line can be drawn over (a spinner): a real terminal and no CI log. */
export function isLive(stream: TextStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && env['TERM'] !== 'dumb' && !isCi(env);
}

/** Whether a person can be asked: a terminal on both sides and no CI. */
export function isInteractive(env: NodeJS.ProcessEnv): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true && !isCi(env);
}

/** Makes the cursor visible again and gives the keyboard back, whatever a prompt or spinner left behind. */
export function restoreTerminal(): void {
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.isTTY) stream.write('\u001b[?25h');
  }
}

function wantsColor(stream: TextStream, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

function isCi(env: NodeJS.ProcessEnv): boolean {
  const ci = env['CI'];
  return ci !== undefined && ci !== '' && ci !== '0' && ci !== 'false';
}
