/** The projects that the tests of this folder look at. */
import { planAll } from '../support/projects.js';

/** What each package manager writes on the first install; the planner does not make these files. */
export const lockFiles: Readonly<Record<string, string>> = {
  npm: 'package-lock.json',
  pnpm: 'pnpm-lock.yaml',
  yarn: 'yarn.lock',
  bun: 'bun.lock',
};

export const packageManagers = Object.keys(lockFiles);

/** Every legal combination with the given deploy targets. */
export function deployedProjects(
  deploy: readonly (readonly string[])[],
  managers: readonly string[] = ['npm'],
) {
  return planAll({
    transport: [['http'], ['stdio', 'http']],
    auth: ['none', 'api-key', 'jwt'],
    datastore: ['none', 'sqlite', 'postgres'],
    starter: ['minimal', 'notes'],
    deploy,
    'package-manager': managers,
  });
}
