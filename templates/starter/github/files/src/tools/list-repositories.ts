import * as z from 'zod/v4';
import { owner } from '../github/names.js';
import { after, limit, next, notice, READS, Repository } from '../github/results.js';
import { UNTRUSTED } from '../github/untrusted.js';
import { defineTool } from '../parts.js';

export const listRepositories = defineTool({
  name: 'list_repositories',
  title: 'List repositories',
  description:
    'Lists the repositories of a user or an organization, the last pushed first. Without an owner: those that the GitHub token has access to.',
  input: z.object({
    owner: owner.optional(),
    limit: limit.describe('How many repositories at the most'),
    after,
  }),
  output: z.object({ notice, repositories: z.array(Repository), next }),
  annotations: READS,
  scopes: ['github:read'],
  async run({ owner = '', limit, after }, { github, principal, signal }) {
    const found = await github.as(principal).repositories(owner, { limit, after }, signal);
    return { notice: UNTRUSTED, ...found };
  },
});
