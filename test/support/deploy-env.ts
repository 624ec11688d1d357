/** The environment that each deploy target gives to a server, from the files of a plan. */
import { parse } from 'yaml';
import type { Plan } from '../../src/model.js';
import { textOf } from './projects.js';
import type { ComposeFile } from './schemas/compose.js';
import { parseFly } from './schemas/fly.js';
import { parseKustomization } from './schemas/kubernetes.js';

export type DeployTarget = 'docker' | 'fly' | 'k8s';

const READERS: Readonly<Record<DeployTarget, (plan: Plan) => Record<string, string>>> = {
  docker: (plan) => {
    const { services } = parse(textOf(plan, 'compose.yaml')) as ComposeFile;
    return { ...services['server']?.environment };
  },
  fly: (plan) => parseFly(textOf(plan, 'fly.toml')).env,
  k8s: (plan) => {
    const overlay = textOf(plan, 'deploy/k8s/overlays/production/kustomization.yaml');
    const [generator] = parseKustomization(overlay).configMapGenerator ?? [];
    const base = textOf(plan, 'deploy/k8s/base/settings.env').split('\n');
    return fromLines([...base, ...(generator?.literals ?? [])]);
  },
};

/** Without secrets, which no file has. */
export function deployEnv(plan: Plan, target: DeployTarget): Record<string, string> {
  return READERS[target](plan);
}

function fromLines(lines: readonly string[]): Record<string, string> {
  const pairs = lines.map((line) => /^([A-Z_]+)=(.*)$/.exec(line) ?? []);
  return Object.fromEntries(
    pairs.flatMap(([, name, value]) => (name ? [[name, value ?? ''] as const] : [])),
  );
}
