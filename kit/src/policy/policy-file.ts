import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Changes } from '../calls/changes.js';
import { type Config, ConfigError } from '../settings.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Principal } from '../calls/principal.js';
import { names } from './names.js';
import { parsePolicy } from './parse-policy.js';
import type { Access } from './policy.js';

const LISTS = ['tools_list_changed', 'resources_list_changed', 'prompts_list_changed'] as const;

/** The policy as its file has it now. */
export interface LivePolicy {
  accessOf(principal: Principal): Access;
  close(): void;
}

/**
 * Reads `POLICY_PATH` and keeps up with it. A new text counts when two looks in a row have found it, because the first may
 * have found half of it; one that cannot be used is logged, and the policy before it stays. Whoever listens is told to look again
 * at what there is; every replica sees its own file change.
 * @throws {ConfigError} when the policy cannot be used at the start.
 */
export function openPolicy(
  { POLICY_PATH: path }: Config,
  log: Logger,
  changes: Changes,
  metrics: Metrics,
  pollMs = 1_000,
): LivePolicy {
  const problemsOf = (problems: readonly string[]) =>
    problems.map((problem) => `${path}:${problem}`);

  let current = readNow(path);
  const first = parsePolicy(current, names);
  if ('problems' in first) throw new ConfigError(problemsOf(first.problems));
  let { policy } = first;

  /** Compares texts, not dates: a mounted ConfigMap is exchanged behind a symbolic link. */
  let seen = current;
  async function look(): Promise<void> {
    const text = await readFile(path, 'utf8').catch(() => '');
    const settled = text === seen;
    seen = text;
    if (!settled || text === current) return;
    current = text;
    const next = parsePolicy(text, names);
    if ('policy' in next) {
      policy = next.policy;
      metrics.policyReloaded('ok');
      log.info('the policy has changed');
      for (const kind of LISTS) changes.deliver({ kind });
    } else {
      const problems = problemsOf(next.problems);
      metrics.policyReloaded('failed');
      log.error({ problems }, 'the new policy cannot be used; the one before it stays');
    }
  }

  const closed = new AbortController();
  const watch = async () => {
    while (!closed.signal.aborted) {
      await sleep(pollMs, undefined, { ref: false, signal: closed.signal });
      await look();
    }
  };
  watch().catch(() => {});

  return {
    accessOf: (principal) => policy.accessOf(principal),
    close: () => closed.abort(),
  };
}

function readNow(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError([`POLICY_PATH: ${path} cannot be read`]);
  }
}
