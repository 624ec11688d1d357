/** Numbers of different files that only work together: of the config, the deploy targets and the alerts. */
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Plan } from '../../src/model.js';
import { deployEnv } from '../support/deploy-env.js';
import {
  defaultOf,
  hasPath,
  type Project,
  planAll,
  planProject,
  textOf,
} from '../support/projects.js';
import type { ComposeFile } from '../support/schemas/compose.js';
import { parseFly } from '../support/schemas/fly.js';
import { parseManifests } from '../support/schemas/kubernetes.js';

/** What PostgreSQL admits by default: 100 connections, three of them for superusers alone. */
const POSTGRES_CONNECTIONS = 97;
/** Calls that must find room beside all open streams. */
const ROOM_FOR_CALLS = 100;

let projects: Project[];
beforeAll(async () => {
  projects = await planAll({
    transport: [['http'], ['http', 'sessions']],
    auth: ['api-key', 'jwt'],
    datastore: ['none', 'sqlite', 'postgres'],
    state: ['memory', 'redis'],
    deploy: [['docker', 'fly', 'k8s']],
  });
  expect(projects.length).toBeGreaterThan(5);
});

interface Container {
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string };
    readonly limits: { readonly memory: string };
  };
}
interface Spec {
  readonly maxReplicas: number;
  readonly metrics: { readonly resource: { readonly target: { averageUtilization: number } } }[];
  readonly strategy: { readonly rollingUpdate?: { readonly maxSurge: number } };
  readonly template: { readonly spec: { readonly containers: [Container] } };
}

function specOf(plan: Plan, file: string): Spec {
  const [manifest] = parseManifests(textOf(plan, `deploy/k8s/base/${file}`));
  return (manifest as unknown as { spec: Spec }).spec;
}

const isScaled = ({ plan }: Project) => plan.has('deploy/k8s/base/hpa.yaml');

describe('Fly.io', () => {
  it('lets calls through when all streams are open', () => {
    for (const { label, plan } of projects) {
      const { env, http_service } = parseFly(textOf(plan, 'fly.toml'));
      const { soft_limit, hard_limit } = http_service.concurrency;
      const most = (name: string) => Number(env[name] ?? defaultOf(plan, name));
      const sessions = hasPath(plan, 'src/kit/sessions') ? most('MAX_SESSIONS') : 0;
      const streams = most('MAX_SUBSCRIPTIONS') + sessions;
      expect(streams, label).toBeGreaterThan(0);
      expect(soft_limit, label).toBeGreaterThanOrEqual(streams + ROOM_FOR_CALLS);
      expect(hard_limit, label).toBeGreaterThan(soft_limit);
    }
  });
});

describe('Kubernetes', () => {
  it('adds a pod when one has enough to do, and before its one core is full', () => {
    for (const { label, plan } of projects.filter(isScaled)) {
      const [container] = specOf(plan, 'deployment.yaml').template.spec.containers;
      const [metric] = specOf(plan, 'hpa.yaml').metrics;
      const requested = Number.parseInt(container.resources.requests.cpu, 10) / 1_000;
      const cores = (requested * (metric?.resource.target.averageUtilization ?? 0)) / 100;
      expect(container.resources.requests.cpu, label).toMatch(/^\d+m$/);
      expect(cores, label).toBeGreaterThanOrEqual(0.3);
      // The alert Saturated fires at 0.9.
      expect(cores, label).toBeLessThanOrEqual(0.8);
    }
  });

  it('does not open more connections than PostgreSQL admits, also while it rolls out', () => {
    const stored = projects.filter(
      (one) => isScaled(one) && one.spec.choices['datastore']?.includes('postgres'),
    );
    expect(stored.length).toBeGreaterThan(0);
    for (const { label, plan } of stored) {
      const surge = specOf(plan, 'deployment.yaml').strategy.rollingUpdate?.maxSurge ?? 0;
      const pods = specOf(plan, 'hpa.yaml').maxReplicas + surge;
      const pool = defaultOf(plan, 'DATABASE_POOL_SIZE');
      // And one of each for its migrations.
      const connections = pods * (Number(pool) + 1);
      expect(Number(pool), label).toBeGreaterThan(0);
      expect(connections, label).toBeLessThanOrEqual(POSTGRES_CONNECTIONS);
      expect(textOf(plan, 'docs/operate.md'), label).toContain(`${connections} connections`);
    }
  });
});

describe('every target', () => {
  it('gives the server the same memory', async () => {
    for (const { label, plan } of projects) {
      const { services } = parse(textOf(plan, 'compose.yaml')) as ComposeFile;
      const [machine] = parseFly(textOf(plan, 'fly.toml')).vm;
      const [container] = specOf(plan, 'deployment.yaml').template.spec.containers;
      const all = [
        services['server']?.['mem_limit'],
        machine?.memory,
        container.resources.limits.memory,
      ];
      expect(
        all.map((text) => Number.parseInt(String(text), 10)),
        label,
      ).toEqual([512, 512, 512]);
      expect(Number.parseInt(container.resources.requests.memory, 10)).toBeLessThanOrEqual(512);
    }
  });

  it('has room in its heap for all bodies that one client may send at once', () => {
    for (const { label, plan } of projects) {
      // Node.js takes half of the memory for its heap; a body is there as bytes, outside of it, and as text.
      const bodies = defaultOf(plan, 'MAX_CONCURRENT_CALLS') * defaultOf(plan, 'MAX_BODY_BYTES');
      expect(bodies, label).toBeGreaterThan(0);
      expect(bodies, label).toBeLessThanOrEqual((512 / 2) * 1_000_000);
    }
  });

  it('offers metrics at one port', async () => {
    const choices = { deploy: ['docker', 'fly', 'k8s'], observability: ['prometheus'] };
    const { plan } = await planProject({ choices });
    for (const target of ['docker', 'fly', 'k8s'] as const) {
      expect(deployEnv(plan, target), target).toMatchObject({ METRICS_PORT: '9464' });
      // Loopback would be the container's own.
      expect(deployEnv(plan, target)['METRICS_HOST'], target).toMatch(/^(0\.0\.0\.0|::)$/);
    }
  });
});
