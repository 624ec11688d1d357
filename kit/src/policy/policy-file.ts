import { readFileSync } from 'node:fs';
import type { Definitions } from '../definitions/definitions.js';
import { ConfigError } from '../definitions/settings.js';
import { file } from '../host/node/host.js';
import { watchText } from '../host/node/watch-text.js';
import type { PartEnv, PolicyPart } from '../parts.js';
import { SignedApprovals } from './approvals.js';
import { type KnownNames, parsePolicy } from './policy.js';

const LISTS = ['tools_list_changed', 'resources_list_changed', 'prompts_list_changed'] as const;

const settings = { POLICY_PATH: file.prefault('policy.yaml') };

/**
 * Roles from the file of `POLICY_PATH`, `policy.yaml` by default. The part keeps up with the file: a change counts within two
 * seconds, without a restart.
 */
export function policyFile({ pollMs = 1_000 } = {}): PolicyPart<typeof settings> {
  return {
    settings,
    open: (env) => openPolicy(env, pollMs),
    close: (policy) => policy.close(),
  };
}

/**
 * Reads `POLICY_PATH` and keeps up with it. One that cannot be used is logged, and the policy before it stays. Whoever listens is told to look again
 * at what there is; every replica sees its own file change.
 * @throws {ConfigError} when the policy cannot be used at the start.
 */
function openPolicy(
  {
    carriesRole,
    carriesClaims,
    config,
    definitions,
    host,
    log,
    metrics,
    state,
  }: PartEnv<typeof settings>,
  pollMs: number,
): ReturnType<ReturnType<typeof policyFile>['open']> {
  const { POLICY_PATH: path } = config;
  const names = () => ({ ...namesIn(definitions), carriesRole, carriesClaims });
  const reloads = metrics.counters(
    'mcp_policy_reloads_total',
    'How often there was a new policy, by result.',
    'result',
    ['ok', 'failed'],
  );
  const problemsOf = (problems: readonly string[]) =>
    problems.map((problem) => `${path}:${problem}`);

  const current = readNow(path);
  const first = parsePolicy(current, names());
  if ('problems' in first) throw new ConfigError(problemsOf(first.problems));
  let { policy } = first;

  function read(text: string): void {
    const next = parsePolicy(text, names());
    if ('policy' in next) {
      policy = next.policy;
      reloads.ok.inc();
      log.info('the policy has changed');
      for (const kind of LISTS) state.changes.deliver({ kind });
    } else {
      const problems = problemsOf(next.problems);
      reloads.failed.inc();
      log.error({ problems }, 'the new policy cannot be used; the one before it stays');
    }
  }

  const stop = watchText(path, current, pollMs, read);

  return {
    isLive: true,
    accessOf: (principal) => policy.accessOf(principal),
    approvals: new SignedApprovals(state.nonces, host),
    close: stop,
  };
}

function readNow(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError([`POLICY_PATH: ${path} cannot be read`]);
  }
}

/** Everything that a policy can name. */
function namesIn({
  tools,
  prompts,
  resources,
  prefixes,
}: Definitions): Omit<KnownNames, 'carriesRole' | 'carriesClaims'> {
  return {
    prefixes,
    tools: [...tools.keys()],
    prompts: prompts.map(({ name }) => name),
    resources: resources.flatMap((one) => ('uri' in one ? one.uri : [])),
    uriTemplates: resources.flatMap((one) => ('uri' in one ? [] : one.uriTemplate)),
  };
}
