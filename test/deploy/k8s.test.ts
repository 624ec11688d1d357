import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/model.js';
import { type Project, planProject, textOf } from '../support/projects.js';
import {
  type Manifest,
  manifestProblems,
  parseKustomization,
  parseManifests,
} from '../support/schemas/kubernetes.js';
import { podSecurityProblems } from '../support/schemas/pod-security.js';
import { deployedProjects } from './projects.js';

/** Not a package: on the machine, or the tests that need it are shown as skipped. */
const KUBECTL = 'kubectl';
const BASE = 'deploy/k8s/base';
const OVERLAY = 'deploy/k8s/overlays/production';

interface PodSpec {
  readonly volumes: readonly { name: string; persistentVolumeClaim?: { claimName: string } }[];
  readonly containers: readonly [
    {
      readonly image: string;
      readonly ports: readonly { name: string }[];
      readonly volumeMounts: readonly { name: string; mountPath: string }[];
      readonly [probe: string]: unknown;
    },
  ];
}

interface Workload {
  readonly replicas?: number;
  readonly strategy: { readonly type?: string };
  readonly selector: { readonly matchLabels: Record<string, string> };
  readonly template: {
    readonly metadata: { readonly labels: Record<string, string> };
    readonly spec: PodSpec;
  };
}

let projects: Project[];

beforeAll(async () => {
  projects = await deployedProjects([['k8s'], ['docker', 'fly', 'k8s']]);
});

function manifests(plan: Plan): Manifest[] {
  return [...plan.keys()]
    .filter((path) => path.startsWith('deploy/k8s/') && path.endsWith('.yaml'))
    .filter((path) => !path.endsWith('/kustomization.yaml'))
    .flatMap((path) => parseManifests(textOf(plan, path)));
}

function find<Spec>(all: readonly Manifest[], kind: string): Spec | undefined {
  return all.find((manifest) => manifest.kind === kind)?.spec as Spec | undefined;
}

function workload(all: readonly Manifest[]): Workload {
  const found = find<Workload>(all, 'Deployment');
  if (!found) throw new Error('no Deployment');
  return found;
}

const k8s = async (choices: Record<string, string>) => {
  const { plan } = await planProject({ choices: { deploy: ['k8s'], ...choices } });
  return { plan, all: manifests(plan) };
};

describe('every legal choice', () => {
  it('gives objects that the API server takes', async () => {
    expect(projects.length).toBeGreaterThan(10);
    const seen = new Set<string>();
    for (const { label, plan } of projects) {
      for (const manifest of manifests(plan)) {
        const text = JSON.stringify(manifest);
        if (seen.has(text)) continue;
        seen.add(text);
        expect(manifestProblems(manifest), `${label}: ${manifest.kind}`).toEqual([]);
      }
    }
  });

  it('runs under the restricted Pod Security Standard', () => {
    for (const { label, plan } of projects) {
      const pod = workload(manifests(plan)).template.spec;
      expect(podSecurityProblems(pod), label).toEqual([]);
    }
  });

  it('lists every manifest in a kustomization, and nothing else', () => {
    for (const { label, plan } of projects) {
      for (const folder of [BASE, OVERLAY]) {
        const kustomization = parseKustomization(textOf(plan, `${folder}/kustomization.yaml`));
        const files = [...plan.keys()]
          .filter((path) => posix.dirname(path) === folder && path.endsWith('.yaml'))
          .map((path) => posix.basename(path))
          .filter((file) => file !== 'kustomization.yaml');
        const listed = kustomization.resources.filter((path) => path.endsWith('.yaml'));
        expect([...listed].sort(), `${label} ${folder}`).toEqual(files.sort());
        for (const generator of kustomization.configMapGenerator ?? []) {
          for (const file of generator.envs ?? []) expect(plan.has(`${folder}/${file}`)).toBe(true);
        }
      }
    }
  });

  it('connects its parts by names that exist', () => {
    for (const { label, plan } of projects) {
      const all = manifests(plan);
      const { selector, template } = workload(all);
      const [container] = template.spec.containers;
      expect(template.metadata.labels, label).toMatchObject(selector.matchLabels);
      expect(find<{ selector: object }>(all, 'Service')?.selector).toEqual(selector.matchLabels);
      const policy = find<{ podSelector: object }>(all, 'NetworkPolicy');
      expect(policy?.podSelector, label).toEqual(selector);
      const volumes = template.spec.volumes.map((volume) => volume.name);
      for (const mount of container.volumeMounts) expect(volumes, label).toContain(mount.name);
      for (const { persistentVolumeClaim: claim } of template.spec.volumes) {
        if (!claim) continue;
        const names = all.filter(({ kind }) => kind === 'PersistentVolumeClaim');
        expect(names.map(({ metadata }) => metadata.name)).toContain(claim.claimName);
      }
      const { images } = parseKustomization(textOf(plan, `${OVERLAY}/kustomization.yaml`));
      expect(images?.map(({ name }) => name)).toEqual([container.image]);
    }
  });

  it('is probed in three ways', () => {
    for (const { label, plan } of projects) {
      const pod = workload(manifests(plan)).template.spec;
      const [container] = pod.containers;
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        expect(container[probe], label).toHaveProperty('httpGet.port', 'http');
      }
    }
  });

  it('has no secret in a committed file', () => {
    for (const { label, plan } of projects) {
      expect(
        manifests(plan).map(({ kind }) => kind),
        label,
      ).not.toContain('Secret');
    }
  });
});

describe('scaling', () => {
  it('belongs to an autoscaler when the server has no state of its own', async () => {
    const { all } = await k8s({ datastore: 'postgres' });
    expect(workload(all).replicas).toBeUndefined();
    expect(find(all, 'HorizontalPodAutoscaler')).toMatchObject({ minReplicas: 2 });
    expect(find(all, 'PodDisruptionBudget')).toMatchObject({ maxUnavailable: 1 });
  });

  it('is left out for an embedded database: one replica on one volume', async () => {
    const { all } = await k8s({ datastore: 'sqlite' });
    expect(workload(all)).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(find(all, 'HorizontalPodAutoscaler')).toBeUndefined();
    expect(find(all, 'PodDisruptionBudget')).toBeUndefined();
    expect(find(all, 'PersistentVolumeClaim')).toBeDefined();
  });
});

describe('kubectl kustomize', () => {
  const missing = (() => {
    try {
      execFileSync(KUBECTL, ['version', '--client'], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  })();

  it.skipIf(missing).for(['none', 'sqlite', 'postgres'])(
    'builds the production overlay (datastore %s)',
    async (datastore) => {
      const { plan } = await k8s({ datastore, starter: 'minimal' });
      const all = kustomize(plan);
      for (const manifest of all) expect(manifestProblems(manifest)).toEqual([]);
      const [container] = workload(all).template.spec.containers;
      expect(container.image).toBe('demo:0.1.0');
      const settings = all.find(({ kind }) => kind === 'ConfigMap');
      expect(settings?.['data']).toMatchObject({
        HOST: '0.0.0.0',
        PORT: '3000',
        PUBLIC_URL: 'http://demo.demo.svc.cluster.local',
      });
      expect(container['envFrom']).toContainEqual({
        configMapRef: { name: settings?.metadata.name },
      });
    },
  );
});

/** What `kubectl apply -k` would send. */
function kustomize(plan: Plan): Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'kustomize-'));
  try {
    for (const path of plan.keys()) {
      if (!path.startsWith('deploy/')) continue;
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), textOf(plan, path));
    }
    const options = { encoding: 'utf8', cwd: folder } as const;
    return parseManifests(execFileSync(KUBECTL, ['kustomize', OVERLAY], options));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
