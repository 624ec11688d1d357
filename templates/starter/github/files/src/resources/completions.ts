import type { GitHub } from '../github/github.js';
import { checked, owner, path, repo } from '../github/names.js';
import type { Principal } from '../kit/index.js';

/** The latest repositories: what somebody types is most likely among them. */
const PAGE = { limit: 100, after: '' };

interface Context {
  readonly github: GitHub;
  readonly principal: Principal;
  readonly signal: AbortSignal;
}
type Typed = Readonly<Record<string, string>>;

/** Owners of the repositories that the token has access to. */
export async function completeOwner(value: string, { github, principal, signal }: Context) {
  const { repositories } = await github.as(principal).repositories('', PAGE, signal);
  const owners = new Set(repositories.map(({ name }) => name.split('/')[0] ?? ''));
  return beginning(value, [...owners]);
}

/** Repositories of the owner that was typed before. */
export async function completeRepo(
  value: string,
  { github, principal, signal }: Context,
  others: Typed,
) {
  const of = checked(owner, others.owner);
  const { repositories } = await github.as(principal).repositories(of, PAGE, signal);
  return beginning(
    value,
    repositories.map(({ name }) => name.split('/')[1] ?? ''),
  );
}

/** Entries of the directory that was typed so far. */
export async function completePath(
  value: string,
  { github, principal, signal }: Context,
  others: Typed,
) {
  const directory = value.includes('/') ? value.slice(0, value.lastIndexOf('/')) : '';
  const place = {
    owner: checked(owner, others.owner),
    repo: checked(repo, others.repo),
    path: checked(path, directory),
  };
  const contents = await github.as(principal).contents(place, signal);
  if (contents.kind !== 'directory') return [];
  const prefix = place.path === '' ? '' : `${place.path}/`;
  const paths = contents.entries.map(
    ({ name, type }) => `${prefix}${name}${type === 'directory' ? '/' : ''}`,
  );
  return beginning(value, paths);
}

function beginning(value: string, all: readonly string[]): string[] {
  const typed = value.toLowerCase();
  return all.filter((one) => one.toLowerCase().startsWith(typed));
}
