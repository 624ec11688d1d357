import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartEnv } from '../parts.js';
import { type ApiKey, type apiKeySettings, parseApiKeys } from './parse-api-keys.js';

const REREAD_MS = 1_000;
const SETTLE_MS = 50;

/**
 * The keys that are valid now. A file is read again when a key is looked up, at most once a second, so keys come and go
 * without a restart; what is wrong with the new contents is logged, and the keys before it stay valid.
 */
export function liveApiKeys({
  config,
  log,
}: Pick<PartEnv<typeof apiKeySettings>, 'config' | 'log'>) {
  const { MCP_API_KEYS: configured = [], MCP_API_KEYS_FILE: file } = config;
  if (file === undefined) return (): readonly ApiKey[] => configured;

  let keys: readonly ApiKey[] = configured;
  let lastSeen: string | undefined;
  let nextRead = 0;
  let reading = Promise.resolve();

  /** Follows the path each time: a mounted secret changes by a new symbolic link. */
  async function reread(path: string): Promise<void> {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text === lastSeen) return;
    // It may be half written, and a line without its rights has all of them: what still changes is for the next time.
    await sleep(SETTLE_MS);
    if (text !== (await readFile(path, 'utf8').catch(() => ''))) return;
    const first = lastSeen === undefined;
    lastSeen = text;
    const parsed = parseApiKeys.safeParse(text);
    if (parsed.success) {
      keys = parsed.data;
      const names = keys.map(({ principal }) => principal.id);
      if (!first) log.info({ names }, 'API keys changed');
    } else {
      const problems = parsed.error.issues.map(({ message }) => message);
      log.error({ problems }, 'MCP_API_KEYS_FILE is not valid; the keys before it stay valid');
    }
  }

  return async (): Promise<readonly ApiKey[]> => {
    const now = performance.now();
    if (now >= nextRead) {
      nextRead = now + REREAD_MS;
      reading = reread(file);
    }
    await reading;
    return keys;
  };
}
