import * as z from 'zod/v4';
import { after, limit, Match, next, notice, READS } from '../github/results.js';
import { UNTRUSTED } from '../github/untrusted.js';
import { defineTool } from '../parts.js';

export const searchCode = defineTool({
  name: 'search_code',
  title: 'Search code',
  description:
    "Searches files on the main branches of GitHub's repositories. It takes words and qualifiers: `totalOf repo:acme/shop language:typescript path:src`. Punctuation is ignored, forks and files above 384 KB are left out. GitHub allows 10 searches a minute.",
  input: z.object({
    query: z
      .string()
      .trim()
      .min(1)
      .max(256)
      .describe('At least one word; then repo:, user:, org:, language:, path:, filename:'),
    limit: limit.describe('How many files at the most'),
    after,
  }),
  output: z.object({
    notice,
    matches: z.array(Match),
    total: z.number().describe('How many files match; at most the first 1,000 can be listed'),
    isComplete: z.boolean().describe('false when the search ran out of time'),
    next,
  }),
  annotations: READS,
  scopes: ['github:read'],
  limits: { perMinute: 10 },
  async run({ query, limit, after }, { github, principal, signal }) {
    const found = await github.as(principal).searchCode(query, { limit, after }, signal);
    return { notice: UNTRUSTED, ...found };
  },
});
