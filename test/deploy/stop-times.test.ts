/** The times of the end fit together, on every target: whoever kills the server waits until it has ended by itself. */
import { beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Plan } from '../../src/model.js';
import { defaultOf, type Project, planProject, realCatalog, textOf } from '../support/projects.js';
import { parseFly } from '../support/schemas/fly.js';
import { parseManifests } from '../support/schemas/kubernetes.js';
import { deployedProjects } from './projects.js';

/** What is left of the grace when the server should be gone: a machine may be slow. */
const MARGIN_MS = 2_000;

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [{ lifecycle: { preStop: { sleep: { seconds: number } } } }];
}

/** How long each target waits from SIGTERM to SIGKILL, in milliseconds. */
const graces: Readonly<Record<string, (plan: Plan) => number>> = {
  docker(plan) {
    const { services } = parse(textOf(plan, 'compose.yaml'));
    const [, seconds] = /^(\d+)s$/.exec(services.server.stop_grace_period) ?? [];
    return Number(seconds) * 1_000;
  },
  fly(plan) {
    return parseFly(textOf(plan, 'fly.toml')).kill_timeout * 1_000;
  },
  // The pause before SIGTERM is part of the grace.
  k8s(plan) {
    const [deployment] = parseManifests(textOf(plan, 'deploy/k8s/base/deployment.yaml'));
    const { template } = (deployment as { spec: { template: { spec: Pod } } }).spec;
    const { terminationGracePeriodSeconds: grace, containers } = template.spec;
    return (grace - containers[0].lifecycle.preStop.sleep.seconds) * 1_000;
  },
};

let projects: Project[];
beforeAll(async () => {
  projects = await deployedProjects([['docker', 'fly', 'k8s'], ['docker'], ['fly'], ['k8s']]);
});

function constant(plan: Plan, path: string, name: string): number {
  return number(new RegExp(`const ${name} = ([\\d_]+);`).exec(textOf(plan, path))?.[1]);
}

function number(text = 'NaN'): number {
  return Number(text.replaceAll('_', ''));
}

it('a call that arrives at the last moment has its whole time before it would be aborted', () => {
  for (const { label, plan } of projects) {
    // Before it stops listening, and once more for whoever got in last.
    const arrival = 2 * constant(plan, 'src/kit/serve/node-server.ts', 'ON_THE_WAY');
    const call = defaultOf(plan, 'TOOL_TIMEOUT_MS');
    expect(defaultOf(plan, 'SHUTDOWN_TIMEOUT_MS'), label).toBeGreaterThan(arrival + call + 1_000);
  }
});

it('every target waits until the server has aborted what does not end, and is gone', async () => {
  const { axes } = await realCatalog();
  const targets = axes.find(({ id }) => id === 'deploy')?.features.map(({ id }) => id);
  expect(targets?.filter((id) => id !== 'none').sort()).toEqual(Object.keys(graces).sort());
  for (const { label, plan, spec } of projects) {
    const needed =
      defaultOf(plan, 'SHUTDOWN_DELAY_MS') +
      defaultOf(plan, 'SHUTDOWN_TIMEOUT_MS') +
      constant(plan, 'src/kit/host/node/lifecycle.ts', 'LAST_MS');
    for (const target of spec.choices['deploy'] ?? []) {
      const grace = graces[target]?.(plan);
      expect(grace, `${label}: ${target}`).toBeGreaterThanOrEqual(needed + MARGIN_MS);
    }
  }
});

it('the moment after the abort is over before a client of the SDK kills its stdio server', async () => {
  const { plan } = await planProject({ choices: { transport: ['stdio'], deploy: ['none'] } });
  const last = constant(plan, 'src/kit/host/node/lifecycle.ts', 'LAST_MS');
  expect(last).toBeLessThanOrEqual(1_500);
  expect(constant(plan, 'src/kit/host/host.ts', 'ANSWER_MS') * 2).toBeLessThan(last);
});

it('what is documented are the defaults', async () => {
  const { base } = await realCatalog();
  const { plan } = await planProject({ choices: { transport: ['http'] } });
  for (const name of ['TOOL_TIMEOUT_MS', 'SHUTDOWN_TIMEOUT_MS']) {
    const documented = base.env.find((one) => one.name === name)?.default;
    expect(Number(documented), name).toBe(defaultOf(plan, name));
  }
});
