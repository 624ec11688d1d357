/** The workflows of this repository. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { workflowProblems } from '../support/schemas/workflow.js';

const FOLDER = new URL('../../.github/workflows/', import.meta.url);
const workflows = readdirSync(FOLDER).map((file) => {
  return [file, readFileSync(new URL(file, FOLDER), 'utf8')] as const;
});

describe.each(workflows)('%s', (_, text) => {
  it('is a workflow', async () => {
    expect(await workflowProblems(text)).toEqual([]);
  }, 30_000);

  it('runs actions at the commits that were read', () => {
    const used = [...text.matchAll(/uses: *(.*)/g)].map(([, action = '']) => action);
    expect(used).not.toEqual([]);
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+/);
  });

  it('may do little unless a job says otherwise', () => {
    const { permissions } = parse(text);
    expect([{}, { contents: 'read' }]).toContainEqual(permissions);
  });
});

it('only the release may write', () => {
  const writing = workflows.filter(([, text]) => /: write\b/.test(text)).map(([file]) => file);
  expect(writing).toEqual(['release.yml']);
});
