import * as z from 'zod/v4';
import { owner, repo } from '../github/names.js';
import { after, Issue, limit, next, notice, READS } from '../github/results.js';
import { UNTRUSTED } from '../github/untrusted.js';
import { defineTool } from '../parts.js';

export const listIssues = defineTool({
  name: 'list_issues',
  title: 'List issues',
  description:
    'Lists the issues of a repository, the newest first, each with the beginning of its body. Pull requests are left out, so a page may have fewer than `limit`.',
  input: z.object({
    owner,
    repo,
    state: z.enum(['open', 'closed', 'all']).default('open'),
    labels: z
      .array(
        z
          .string()
          .min(1)
          .max(50)
          .regex(/^[^,]+$/, 'must be one label'),
      )
      .max(10)
      .default([])
      .describe('Only issues with all of these labels'),
    limit: limit.describe('How many issues at the most'),
    after,
  }),
  output: z.object({ notice, issues: z.array(Issue), next }),
  annotations: READS,
  scopes: ['github:read'],
  async run({ owner, repo, ...wanted }, { github, principal, signal }) {
    const found = await github.as(principal).issues({ owner, repo }, wanted, signal);
    return { notice: UNTRUSTED, ...found };
  },
});
