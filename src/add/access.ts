/** Who may call a new tool: the scopes that it requires, and the project's policy. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readIfPresent } from '../project/project.js';

export const POLICY_PATH = 'policy.yaml';

/** Where a project declares scopes. */
const SCOPED = ['src/tools', 'src/resources', 'src/prompts'];

/** Who may see and call a tool under the policy. */
export type Audience =
  | { readonly kind: 'everyone' }
  /** An empty list: nobody. */
  | { readonly kind: 'roles'; readonly roles: readonly string[] }
  /** The policy cannot be read. */
  | { readonly kind: 'unknown' };

export interface Access {
  readonly scopes: readonly string[];
  /** Scopes that nothing else in the project requires. */
  readonly newScopes: readonly string[];
  /** Null in a project without authentication. */
  readonly audience: Audience | null;
}

/** The scopes that tools, resources and prompts require, as far as they are literals. */
export function scopesInUse(root: string): string[] {
  const sources = SCOPED.flatMap((folder) => modulesIn(path.join(root, folder)));
  const lists = sources.flatMap((source) => [...source.matchAll(/\bscopes:\s*\[([^\]]*)\]/g)]);
  const scopes = lists.flatMap(([, list = '']) => [...list.matchAll(/(['"`])((?:(?!\1).)+)\1/g)]);
  return [...new Set(scopes.map(([, , scope = '']) => scope))].sort();
}

function modulesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((entry) => entry.endsWith('.ts'))
      .map((entry) => readFileSync(path.join(folder, entry), 'utf8'));
  } catch {
    return [];
  }
}

/** Who may call the tool under `policy.yaml`, as the generated server decides: one role allows it and none denies it. */
export async function audienceOf(root: string, tool: string): Promise<Audience> {
  const roles = await readRoles(root);
  if (roles === null) return { kind: 'unknown' };
  const everyone = roles.filter(({ isForEveryone }) => isForEveryone);
  const reaches = (held: readonly Role[]) =>
    held.some(({ allows }) => allows(tool)) && !held.some(({ denies }) => denies(tool));
  if (reaches(everyone)) return { kind: 'everyone' };
  const others = roles.filter((role) => !role.isForEveryone && reaches([...everyone, role]));
  return { kind: 'roles', roles: others.map(({ name }) => name) };
}

interface Role {
  readonly name: string;
  readonly isForEveryone: boolean;
  allows(tool: string): boolean;
  denies(tool: string): boolean;
}

/** Null when the policy is missing or not in the shape that the server wants. */
async function readRoles(root: string): Promise<Role[] | null> {
  const { parseYaml } = await import('../text/yaml.js');
  try {
    const policy: unknown = parseYaml(readIfPresent(path.join(root, POLICY_PATH)) ?? '');
    const { roles } = policy as { roles: Record<string, Record<string, unknown>> };
    return Object.entries(roles).map(([name, role]) => ({
      name,
      isForEveryone: role['everyone'] === true,
      allows: matcher(role['allowed_tools'] ?? []),
      denies: matcher(role['denied_tools'] ?? []),
    }));
  } catch {
    return null;
  }
}

/** `*` at the end of a name stands for every name that begins so. */
function matcher(patterns: unknown): (tool: string) => boolean {
  if (!Array.isArray(patterns)) throw new TypeError('not a list');
  return (tool) =>
    patterns.some((pattern) =>
      String(pattern).endsWith('*')
        ? tool.startsWith(String(pattern).slice(0, -1))
        : tool === pattern,
    );
}
