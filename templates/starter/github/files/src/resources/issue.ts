import * as z from 'zod/v4';
import { checked, owner, repo } from '../github/names.js';
import { UNTRUSTED } from '../github/untrusted.js';
import { defineResourceTemplate } from '../parts.js';
import { completeOwner, completeRepo } from './completions.js';

const number = z
  .string()
  .regex(/^[1-9]\d{0,8}$/)
  .transform(Number);

export const issue = defineResourceTemplate({
  name: 'issue',
  uriTemplate: 'github://repos/{owner}/{repo}/issues/{number}',
  title: 'Issue',
  description: 'One issue with its whole body, as JSON.',
  mimeType: 'application/json',
  scopes: ['github:read'],
  complete: { owner: completeOwner, repo: completeRepo },
  async read(variables, { github, principal, signal }) {
    const name = { owner: checked(owner, variables.owner), repo: checked(repo, variables.repo) };
    const found = await github.as(principal).issue(name, checked(number, variables.number), signal);
    return JSON.stringify({ notice: UNTRUSTED, ...found }, null, 2);
  },
});
