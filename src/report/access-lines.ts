/** Who may call a tool that was just added, in words. */
import { type Access, POLICY_PATH } from '../add/access.js';
import type { AddedTool } from '../add/add-tool.js';

type Added = Pick<AddedTool, 'name' | 'files' | 'access'>;

/** For a person. Empty when there is nothing to say: everyone may call everything. */
export function accessLines({ name, files, access }: Added): string[] {
  const { scopes, newScopes, audience } = access;
  if (audience === null) {
    return scopes.length === 0
      ? []
      : ['Everyone: this project lets everyone in. Scopes count once it has auth.'];
  }
  const lines = [whoMayCall(name, access)];
  if (audience.kind === 'roles' && audience.roles.length === 0) {
    lines.push(`Add ${name} to allowed_tools of a role there.`);
  }
  if (scopes.length === 0) {
    lines.push(
      `To ask for a scope, write one into ${files[0]}: scopes: ['orders:read'],`,
      `or give --scope next time. ${POLICY_PATH} says what each role may call.`,
    );
  }
  if (newScopes.length > 0) {
    lines.push(
      `New here: ${joined(newScopes)}. Give ${newScopes.length > 1 ? 'them' : 'it'} to the keys or tokens that may call it.`,
    );
  }
  return lines;
}

/** For programs: what could surprise. */
export function accessWarnings({ name, access }: Added): string[] {
  const { scopes, audience } = access;
  if (audience === null) return [];
  const isReached = audience.kind !== 'roles' || audience.roles.length > 0;
  const surprises = scopes.length === 0 || !isReached || audience.kind === 'unknown';
  return surprises ? [whoMayCall(name, access)] : [];
}

/** One or two sentences. */
function whoMayCall(name: string, { scopes, audience }: Access): string {
  const scoped = `Who has the scope${scopes.length > 1 ? 's' : ''} ${joined(scopes)}`;
  const asksForNone = 'It asks for no scope';
  if (audience?.kind === 'unknown') {
    const who = scopes.length === 0 ? `${asksForNone}.` : `${scoped}.`;
    return `${who} ${POLICY_PATH} cannot be read: whom it shows ${name} to is not known.`;
  }
  if (audience?.kind === 'roles') {
    const { roles } = audience;
    if (roles.length === 0) return `Nobody yet: no role in ${POLICY_PATH} allows ${name}.`;
    const inRole = `in ${POLICY_PATH} has the role ${joined(roles, 'or')}`;
    return scopes.length === 0 ? `Who ${inRole}. ${asksForNone}.` : `${scoped} and ${inRole}.`;
  }
  return scopes.length === 0
    ? `Everyone who is let in: it asks for no scope, and ${POLICY_PATH} allows it to everyone.`
    : `${scoped}: ${POLICY_PATH} allows it to everyone.`;
}

function joined(items: readonly string[], word = 'and'): string {
  return items.length < 2
    ? items.join('')
    : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;
}
