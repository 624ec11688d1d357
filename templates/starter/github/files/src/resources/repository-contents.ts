import type { Place } from '../github/client.js';
import { toContents } from '../github/files.js';
import { checked, owner, path, repo } from '../github/names.js';
import { defineResourceTemplate } from '../parts.js';
import { completeOwner, completePath, completeRepo } from './completions.js';

/** The address of a file or directory on the main branch. */
export function contentsUri({ owner, repo, path }: Place): string {
  const segments = path.split('/').map(encodeURIComponent).join('/');
  return `github://repos/${owner}/${repo}/contents/${segments}`;
}

export const repositoryContents = defineResourceTemplate({
  name: 'repository_contents',
  uriTemplate: 'github://repos/{owner}/{repo}/contents/{+path}',
  title: 'Repository contents',
  description: 'A file on the main branch of a repository as it is, or the entries of a directory.',
  mimeType: 'text/plain',
  scopes: ['github:read'],
  cacheSeconds: 60,
  complete: { owner: completeOwner, repo: completeRepo, path: completePath },
  async read(variables, { github, principal, signal }) {
    const place = {
      owner: checked(owner, variables.owner),
      repo: checked(repo, variables.repo),
      path: checked(path, variables.path),
    };
    const contents = await github.as(principal).contents(place, signal);
    if (contents.kind === 'file') return toContents(contents.file);
    return { contents: JSON.stringify(contents, null, 2), mimeType: 'application/json' };
  },
});
