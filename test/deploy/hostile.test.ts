/** Text that a person typed, and names that YAML takes for something else, must not break a deploy file. */
import { describe, expect, it } from 'vitest';
import { hasPath, type Project, planProject, textOf } from '../support/projects.js';
import { composeProblems } from '../support/schemas/compose.js';
import { dockerfileProblems } from '../support/schemas/dockerfile.js';
import { parseFly } from '../support/schemas/fly.js';
import {
  manifestProblems,
  parseKustomization,
  parseManifests,
} from '../support/schemas/kubernetes.js';
import { parseDependabot, workflowProblems } from '../support/schemas/workflow.js';

const DESCRIPTIONS = [
  `quotes " and ' and \` and \\`,
  'line one\nRUN rm -rf /\nUSER root',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of others is the subject
  '{{description}} ${HOME} ${{ secrets.X }} $& $(id)',
  '"\nservices:\n  evil:\n    image: evil\n#',
  '"""\n[env]\nEVIL = "1"',
  '# comment: - [] {} & * ! | > % @',
  'ünïcödé 🚀 \u2028 \u00a0',
];

/** Booleans and nulls of YAML 1.1 and 1.2, and the longest name. */
const NAMES = ['true', 'null', 'yes', 'on', 'y', 'e1', 'inf', 'a'.repeat(53)];

const choices = { deploy: ['docker', 'fly', 'k8s'], datastore: 'sqlite', auth: 'api-key' };

async function expectSound({ plan, spec }: Project): Promise<void> {
  expect(composeProblems(textOf(plan, 'compose.yaml'))).toEqual([]);
  const exists = (path: string) => hasPath(plan, path) || path === 'package-lock.json';
  expect(dockerfileProblems(textOf(plan, 'Dockerfile'), exists)).toEqual([]);
  expect(parseFly(textOf(plan, 'fly.toml')).app).toBe(spec.name);
  expect(await workflowProblems(textOf(plan, '.github/workflows/ci.yml'))).toEqual([]);
  parseDependabot(textOf(plan, '.github/dependabot.yml'));
  for (const path of plan.keys()) {
    if (!path.startsWith('deploy/k8s/') || !path.endsWith('.yaml')) continue;
    const text = textOf(plan, path);
    if (path.endsWith('/kustomization.yaml')) parseKustomization(text);
    else for (const object of parseManifests(text)) expect(manifestProblems(object)).toEqual([]);
  }
}

describe('a description', () => {
  it.each(DESCRIPTIONS)('does not break a file: %j', async (description) => {
    await expectSound(await planProject({ description, choices }));
  });
});

describe('a name', () => {
  it.each(NAMES)('is the same text in every file: %s', async (name) => {
    await expectSound(await planProject({ name, choices }));
  });
});
