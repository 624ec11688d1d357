import { PassThrough, type Readable } from 'node:stream';

/** Where keys come from: a terminal, or a queue before one. */
export type Keyboard = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
};

/** An escape sequence of a cursor or function key, or one character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this takes apart
const KEY = /\u001b(?:\[[\d;]*[\x40-\x7e]|O.)|[\s\S]/gu;

/**
 * The keys of a terminal one by one. Keys that were typed ahead arrive in one piece, and the prompt that the first of
 * them answers would swallow the rest. Call `release` in the end.
 */
export function keyQueue(terminal: Keyboard): { keys: Keyboard; release: () => void } {
  const queue = new PassThrough();
  const decoder = new TextDecoder();
  const onData = (piece: Buffer | string) => {
    const text = typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true });
    for (const key of text.match(KEY) ?? []) queue.write(key);
  };
  const onEnd = () => void queue.end();
  terminal.on('data', onData).on('end', onEnd);
  return {
    keys: Object.assign(queue, {
      isTTY: terminal.isTTY === true,
      setRawMode: (raw: boolean) => terminal.setRawMode?.(raw),
    }),
    release: () => {
      terminal.off('data', onData).off('end', onEnd).pause();
      if (terminal.isTTY) terminal.setRawMode?.(false);
    },
  };
}
