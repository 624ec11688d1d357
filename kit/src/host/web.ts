/** What web standards give, in the form in which the kit needs it. */

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
