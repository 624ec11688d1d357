import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import type { Entry, Feature } from '../../src/catalog/types.js';
import type { StepResult } from '../../src/model.js';
import { runSmoke, type SmokeOptions, type SmokeReport } from '../../src/smoke/index.js';
import { feature } from '../support/feature.js';

export const SERVERS = fileURLToPath(new URL('../fixtures/smoke-servers', import.meta.url));

const entry = (kind: Entry['kind'], script: string): Feature =>
  feature({ entry: { kind, script } });
export const STDIO = entry('stdio', 'stdio.mjs');
export const HTTP = entry('streamable-http', 'http.mjs');

export const KEY = feature({
  local: [{ name: 'API_KEY', value: '{random}' }],
  credential: { from: 'env', variable: 'API_KEY', match: '^(.+)$' },
});

export const HINTS = feature({
  provides: ['compose'],
  smoke: {
    call: { tool: 'create_note', arguments: { title: 'Smoke test' } },
    badCall: { tool: 'create_note', arguments: { title: 7 }, field: 'title' },
    resource: 'note:///{id}',
    prompt: { name: 'summarise', arguments: { id: '{id}' } },
    startStore: { command: 'docker compose up -d --wait db', when: 'compose' },
  },
});

/** Smokes the fixture servers of these features, wrong in the way that `fault` names. */
export function smoke(
  features: readonly Feature[],
  fault = '',
  options: Partial<SmokeOptions> = {},
): Promise<SmokeReport> {
  const target = {
    kind: 'project',
    directory: SERVERS,
    name: 'notes',
    features: [...features, feature({ smoke: { env: { FAULT: fault, TEST_TAG: TAG } } })],
  } as const;
  return runSmoke({ target, env: process.env, timeoutMs: 5000, ...options });
}

/** In the environment of every process that this test file starts, and of their children. */
const TAG = randomUUID();

/** Living processes that this test file has started, directly or not. */
export function ourProcesses(): string[] {
  // `e` adds the environment to the arguments.
  return execFileSync('ps', ['axeww', '-o', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(`TEST_TAG=${TAG}`) && !line.startsWith('Z'));
}

/** Runs work with a temporary directory of its own, and gives what is left in there afterwards. */
export async function leftInTmp(work: () => Promise<unknown>): Promise<string[]> {
  const own = mkdtempSync(join(tmpdir(), 'smoke-test-'));
  vi.stubEnv('TMPDIR', own);
  try {
    await work();
    return readdirSync(own);
  } finally {
    vi.unstubAllEnvs();
    rmSync(own, { recursive: true });
  }
}

/** `name status detail`, one step per line: what a person sees. */
export function lines(steps: readonly StepResult[]): string[] {
  return steps.map(
    ({ name, status, detail }) => `${name}: ${status}${detail ? ` (${detail})` : ''}`,
  );
}

export const notOk = ({ steps }: SmokeReport): string[] =>
  lines(steps.filter(({ status }) => status !== 'ok' && status !== 'skipped'));
