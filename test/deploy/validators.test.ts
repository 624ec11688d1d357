/** The validators of this folder must refuse what the platforms refuse: each starts from a good file and breaks it. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/model.js';
import { hasPath, planProject, textOf } from '../support/projects.js';
import { composeProblems } from '../support/schemas/compose.js';
import { dockerfileProblems } from '../support/schemas/dockerfile.js';
import { parseFly } from '../support/schemas/fly.js';
import {
  manifestProblems,
  parseKustomization,
  parseManifests,
} from '../support/schemas/kubernetes.js';
import { podSecurityProblems } from '../support/schemas/pod-security.js';
import { parseDependabot, workflowProblems } from '../support/schemas/workflow.js';

let plan: Plan;

beforeAll(async () => {
  const choices = { deploy: ['docker', 'fly', 'k8s'], datastore: 'sqlite', auth: 'api-key' };
  ({ plan } = await planProject({ choices }));
});

/** The file with one piece of text replaced. Throws when the text is not there. */
function broken(path: string, from: string, to: string): string {
  const text = textOf(plan, path);
  if (!text.includes(from)) throw new Error(`${path} has no ${JSON.stringify(from)}`);
  return text.replace(from, () => to);
}

it.each([
  ['an unknown key', '    init: true', '    inti: true'],
  ['a wrong type', 'init: true', 'init: [yes]'],
  ['a public port', '- "127.0.0.1:', '- "'],
  ['an undeclared volume', '- data:/data', '- other:/data'],
  [
    'a missing service',
    '    init: true',
    '    init: true\n    depends_on: {db: {condition: service_healthy}}',
  ],
  ['a key given twice', '    init: true', '    init: true\n    init: true'],
])('compose.yaml with %s', (_, from, to) => {
  expect(composeProblems(broken('compose.yaml', from, to))).not.toEqual([]);
});

it.each([
  ['a missing source', 'COPY package.json package-lock.json', 'COPY package.json missing.json'],
  ['a missing folder of the build', '/app/migrations', '/app/migration'],
  ['an unknown instruction', 'STOPSIGNAL', 'STOPSIGNALS'],
  ['root', 'USER 1000:1000', 'USER root'],
  ['a user by name', 'USER 1000:1000', 'USER node'],
  ['a shell between Docker and node', 'CMD ["node", "dist/http.js"]', 'CMD node dist/http.js'],
  ['a frontend to download', 'FROM node', '# syntax=docker/dockerfile:1\nFROM node'],
])('Dockerfile with %s', (_, from, to) => {
  const exists = (path: string) => hasPath(plan, path) || path === 'package-lock.json';
  expect(dockerfileProblems(broken('Dockerfile', from, to), exists)).not.toEqual([]);
});

it.each([
  ['an unknown key', 'force_https', 'force_http'],
  ['checks that do not gate routing', '[[http_service.checks]]', '[[checks]]'],
  ['a timeout as text', 'kill_timeout = 45', 'kill_timeout = "45s"'],
  ['a number as a setting', 'PORT = "3000"', 'PORT = 3000'],
  ['a line of no TOML', '[build]', '[build'],
])('fly.toml with %s', (_, from, to) => {
  expect(() => parseFly(broken('fly.toml', from, to))).toThrow();
});

describe('Kubernetes', () => {
  const BASE = 'deploy/k8s/base';

  it.each([
    ['an unknown field', 'readOnlyRootFilesystem', 'readOnlyRootFileSystem'],
    ['an unknown field deep down', 'sizeLimit', 'sizelimit'],
    ['text for a number', 'containerPort: 3000', 'containerPort: "3000"'],
    [
      'a missing required field',
      '  selector:\n    matchLabels:\n      app.kubernetes.io/name: "demo"\n',
      '',
    ],
    ['an empty field', 'type: Recreate', 'type:'],
    ['an unknown kind', 'kind: Deployment', 'kind: Deploy'],
  ])('a Deployment with %s', (_, from, to) => {
    const [manifest] = parseManifests(broken(`${BASE}/deployment.yaml`, from, to));
    expect(manifest && manifestProblems(manifest)).not.toEqual([]);
  });

  it.each([
    ['root', 'runAsNonRoot: true', 'runAsNonRoot: false'],
    ['no seccomp profile', 'type: RuntimeDefault', 'type: Unconfined'],
    ['a writable root', 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false'],
    ['capabilities', '- ALL', '- NET_RAW'],
    ['escalation', 'allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true'],
    [
      'the node’s network',
      'automountServiceAccountToken: false',
      'automountServiceAccountToken: false\n      hostNetwork: true',
    ],
    [
      'a folder of the node',
      'emptyDir:\n            sizeLimit: 64Mi',
      'hostPath:\n            path: /',
    ],
  ])('a pod with %s', (_, from, to) => {
    const [manifest] = parseManifests(broken(`${BASE}/deployment.yaml`, from, to));
    const spec = manifest?.spec as { template: { spec: unknown } } | undefined;
    expect(podSecurityProblems(spec?.template.spec)).not.toEqual([]);
  });

  it('a kustomization with an unknown key', () => {
    const text = broken(`${BASE}/kustomization.yaml`, 'resources:', 'ressources:');
    expect(() => parseKustomization(text)).toThrow();
  });
});

it.each([
  ['an unknown key', 'runs-on: ubuntu-latest', 'run-on: ubuntu-latest'],
  ['an unknown context', 'github.ref', 'githob.ref'],
  ['a broken expression', '{{ matrix.node }}', '{{ matrix.node }'],
  ['a permission that does not exist', 'contents: read', 'content: read'],
])('ci.yml with %s', async (_, from, to) => {
  const text = broken('.github/workflows/ci.yml', from, to);
  expect(await workflowProblems(text)).not.toEqual([]);
});

it('dependabot.yml with an unknown ecosystem', () => {
  const text = broken('.github/dependabot.yml', 'ecosystem: npm', 'ecosystem: pnpm');
  expect(() => parseDependabot(text)).toThrow();
});
