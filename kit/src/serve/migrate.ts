import type { SettingsShape } from '../definitions/settings.js';
import type { Env } from '../host/host.js';
import { applyMigrations, MigrationError, migrationStatus } from '../store/migrations.js';
import type { SqlPart } from '../store/sql.js';
import { runMigrations } from './migration-program.js';

const USAGE = `Usage: npm run migrate [-- --status | --dry-run]

Applies the files of migrations/ that the database of DATABASE_URL has not seen, in the order of their names.

  --status    lists what is applied and what is not
  --dry-run   lists what would be applied, and does nothing; exits with 1 when there is something
`;

/**
 * The program behind `npm run migrate`. It uses the settings of the datastore alone, so that it runs where nothing else of the server is
 * set up: with a role that may define tables.
 * @returns its exit code
 */
export async function migrate<Shape extends SettingsShape>(
  datastore: SqlPart<Shape>,
  args: readonly string[] = process.argv.slice(2),
  env: Env = process.env,
): Promise<number> {
  const program = {
    settings: datastore.settings as Shape,
    usage: USAGE,
    folder: 'migrations',
    async open(config: Parameters<typeof datastore.openMigrations>[0]) {
      const database = await datastore.openMigrations(config);
      return {
        status: () => migrationStatus(database),
        apply: (log: Parameters<typeof applyMigrations>[1]) => applyMigrations(database, log),
        close: () => database.close(),
      };
    },
    isAboutFile: (error: unknown) => error instanceof MigrationError,
  };
  return await runMigrations(program, args, env);
}
