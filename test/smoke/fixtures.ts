import { fileURLToPath } from 'node:url';
import type { Entry, Feature, StepResult } from '../../src/model.js';
import { runSmoke, type SmokeOptions, type SmokeReport } from '../../src/steps/smoke/index.js';

export const SERVERS = fileURLToPath(new URL('../fixtures/smoke-servers', import.meta.url));

const NOTHING: Feature = {
  axis: 'test',
  id: 'test',
  label: 'test',
  hint: '',
  order: 0,
  exclusive: false,
  provides: [],
  requires: [],
  conflicts: [],
  env: [],
  local: [],
  credential: null,
  smoke: {},
  entry: null,
  facts: {},
  seeds: [],
  next: [],
  pkg: {},
  files: [],
  slots: [],
};

export const feature = (parts: Partial<Feature>): Feature => ({ ...NOTHING, ...parts });

const entry = (kind: Entry['kind'], script: string): Feature =>
  feature({ entry: { kind, script } });
export const STDIO = entry('stdio', 'stdio.mjs');
export const HTTP = entry('streamable-http', 'http.mjs');

export const KEY = feature({
  local: [{ name: 'API_KEY', value: '{random}' }],
  credential: { from: 'env', variable: 'API_KEY', match: '^(.+)$' },
});

export const HINTS = feature({
  smoke: {
    call: { tool: 'create_note', arguments: { title: 'Smoke test' } },
    badCall: { tool: 'create_note', arguments: { title: 7 }, field: 'title' },
    resource: 'note:///{id}',
    prompt: { name: 'summarise', arguments: { id: '{id}' } },
    startStore: 'docker compose up -d --wait db',
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
    features: [...features, feature({ smoke: { env: { FAULT: fault } } })],
  } as const;
  return runSmoke({ target, timeoutMs: 5000, ...options });
}

/** `name status detail`, one step per line: what a person sees. */
export function lines(steps: readonly StepResult[]): string[] {
  return steps.map(
    ({ name, status, detail }) => `${name}: ${status}${detail ? ` (${detail})` : ''}`,
  );
}

export const notOk = ({ steps }: SmokeReport): string[] =>
  lines(steps.filter(({ status }) => status !== 'ok' && status !== 'skipped'));
