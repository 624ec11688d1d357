import type { Env } from '../host/host.js';
import type { elasticsearch } from '../store/elasticsearch.js';
import { applyIndices, IndexFileError, indexStatus } from '../store/index-files.js';
import { runMigrations } from './migration-program.js';

const USAGE = `Usage: npm run migrate [-- --status | --dry-run]

Makes the indices of indices/ that the cluster of DATABASE_URL does not have, and adds to their mappings what is new in the files.

  --status    lists which files the cluster has, and which it has not
  --dry-run   lists what would be applied, and does nothing; exits with 1 when there is something
`;

/**
 * The program behind `npm run migrate`. It uses the settings of the datastore alone, so that it runs where nothing else of the server is
 * set up: as a user that may make indices.
 * @returns its exit code
 */
export async function migrateIndices(
  datastore: ReturnType<typeof elasticsearch>,
  args: readonly string[] = process.argv.slice(2),
  env: Env = process.env,
): Promise<number> {
  const program = {
    settings: datastore.settings,
    usage: USAGE,
    folder: 'indices',
    open(config: Parameters<typeof datastore.openIndices>[0]) {
      const { admin, prefix, close } = datastore.openIndices(config);
      return {
        status: () => indexStatus(admin, prefix),
        apply: (log: Parameters<typeof applyIndices>[2]) => applyIndices(admin, prefix, log),
        close,
      };
    },
    isAboutFile: (error: unknown) => error instanceof IndexFileError,
  };
  return await runMigrations(program, args, env);
}
