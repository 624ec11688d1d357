import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks at a file again and again. A new text counts when two looks in a row have found it, because the first may have found
 * half of it. Texts are compared, not dates: a mounted ConfigMap is exchanged behind a symbolic link.
 * @param current what it says already
 * @returns what ends that
 */
export function watchText(
  path: string,
  current: string,
  pollMs: number,
  changed: (text: string) => void,
): () => void {
  let known = current;
  let seen = current;
  const closed = new AbortController();
  const watch = async () => {
    while (!closed.signal.aborted) {
      await sleep(pollMs, undefined, { ref: false, signal: closed.signal });
      const text = await readFile(path, 'utf8').catch(() => '');
      const settled = text === seen;
      seen = text;
      if (!settled || text === known) continue;
      known = text;
      changed(text);
    }
  };
  watch().catch(() => {});
  return () => closed.abort();
}
