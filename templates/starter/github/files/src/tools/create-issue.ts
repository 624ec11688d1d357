import * as z from 'zod/v4';
import { owner, repo } from '../github/names.js';
import { defineTool } from '../parts.js';

const names = z.array(z.string().trim().min(1).max(50)).max(10).default([]);

export const createIssue = defineTool({
  name: 'create_issue',
  title: 'Create issue',
  description:
    'Creates an issue in a repository and returns its number. Everyone who sees the repository sees the issue, so nothing private belongs into one of a public repository. Calling it twice creates two.',
  input: z.object({
    owner,
    repo,
    title: z.string().trim().min(1).max(256).describe('One line that says what it is about'),
    body: z.string().max(65_536).default('').describe('Markdown'),
    labels: names.describe('Labels that the repository has'),
    assignees: names.describe('Logins'),
  }),
  output: z.object({
    number: z.number(),
    url: z.string(),
    leftOut: z
      .array(z.string())
      .describe('Labels and assignees that GitHub did not set: the token may not write there'),
  }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: true,
  },
  scopes: ['github:write'],
  limits: { perMinute: 20 },
  async run({ owner, repo, ...draft }, { github, principal, signal }) {
    const issue = await github.as(principal).createIssue({ owner, repo }, draft, signal);
    const set = new Set([...issue.labels, ...issue.assignees].map((one) => one.toLowerCase()));
    const leftOut = [...draft.labels, ...draft.assignees].filter(
      (one) => !set.has(one.toLowerCase()),
    );
    return { number: issue.number, url: issue.url, leftOut };
  },
});
