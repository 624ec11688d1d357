/** Who may call a tool that was just added. */
import { type Access, POLICY_PATH } from '../add/access.js';
import type { AddedTool } from '../add/add-tool.js';

type Added = Pick<AddedTool, 'name' | 'files' | 'access'>;

/** For a person. Empty when everyone may call everything. */
export function accessLines({ name, files, access }: Added): string[] {
  const { scopes, newScopes, audience } = access;
  if (audience === null) {
    return scopes.length === 0
      ? []
      : ['Everyone: this project has no authentication. Scopes apply once it has.'];
  }
  const lines = [whoMayCall(name, access)];
  if (audience.kind === 'roles' && audience.roles.length === 0) {
    lines.push(`Add ${name} to allowed_tools of a role in ${POLICY_PATH}.`);
  }
  if (scopes.length === 0) {
    lines.push(
      `To require a scope, add it to ${files[0]}: scopes: ['orders:read'],`,
      `or pass --scope next time. ${POLICY_PATH} defines what each role may call.`,
    );
  }
  if (newScopes.length > 0) {
    const [scope, it] = newScopes.length > 1 ? ['scopes', 'them'] : ['scope', 'it'];
    lines.push(
      `New ${scope}: ${joined(newScopes)}. Grant ${it} to the keys or tokens that may call the tool.`,
    );
  }
  return lines;
}

/** For programs: a warning where everyone or nobody may call the tool, or that is unknown. */
export function accessWarnings({ name, access }: Added): string[] {
  const { scopes, audience } = access;
  if (audience === null) return [];
  const isReached = audience.kind !== 'roles' || audience.roles.length > 0;
  const surprises = scopes.length === 0 || !isReached || audience.kind === 'unknown';
  return surprises ? [whoMayCall(name, access)] : [];
}

/** One or two sentences. */
function whoMayCall(name: string, { scopes, audience }: Access): string {
  const scope = `scope${scopes.length > 1 ? 's' : ''} ${joined(scopes)}`;
  const needsNone = scopes.length === 0;
  if (audience?.kind === 'unknown') {
    const who = needsNone ? 'No scope is required.' : `Callers with ${scope}.`;
    return `${who} ${POLICY_PATH} cannot be read, so which roles may call ${name} is unknown.`;
  }
  if (audience?.kind === 'roles') {
    const { roles } = audience;
    if (roles.length === 0) return `Nobody yet: no role in ${POLICY_PATH} allows ${name}.`;
    const role = `role ${joined(roles, 'or')} (${POLICY_PATH}).`;
    return needsNone
      ? `Callers with ${role} No scope is required.`
      : `Callers with ${scope} and ${role}`;
  }
  return needsNone
    ? `Every authenticated caller: no scope is required, and ${POLICY_PATH} allows it to everyone.`
    : `Callers with ${scope}: ${POLICY_PATH} allows it to everyone.`;
}

function joined(items: readonly string[], word = 'and'): string {
  return items.length < 2
    ? items.join('')
    : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;
}
