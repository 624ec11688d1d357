import { parseArgs } from 'node:util';
import type { SettingsShape } from '../definitions/settings.js';
import { type Env, loadSettings } from '../host/host.js';
import { nodeHost } from '../host/node/host.js';
import { orExit } from '../host/node/lifecycle.js';
import { loadEnvFile } from '../host/node/project.js';
import { applyMigrations, MigrationError, migrationStatus } from '../store/migrations.js';
import type { SqlPart } from '../store/sql.js';
import { createLogger } from '../telemetry/logger.js';

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
  const flags = flagsOf(args);
  if (flags === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  loadEnvFile();
  const config = orExit(() => loadSettings(datastore.settings as Shape, env, [], nodeHost.files));
  try {
    const database = await datastore.openMigrations(config);
    try {
      if (flags.status || flags['dry-run']) {
        const { applied, pending } = await migrationStatus(database);
        if (flags.status) for (const name of applied) say(`applied  ${name}`);
        for (const name of pending) say(`pending  ${name}`);
        if (applied.length + pending.length === 0) say('migrations/ has no file.');
        return flags['dry-run'] && pending.length > 0 ? 1 : 0;
      }
      const names = await applyMigrations(database, createLogger(nodeHost, 'silent', 'migrate'));
      for (const name of names) say(`applied  ${name}`);
      if (names.length === 0) say('Nothing to apply.');
      return 0;
    } finally {
      await database.close();
    }
  } catch (error) {
    // The driver's words may hold what the URL holds, but for a migration they are about its file.
    const reason =
      error instanceof MigrationError
        ? error.message
        : `The database cannot be migrated: ${reasonOf(error)}`;
    process.stderr.write(`${reason}\n`);
    return 1;
  }
}

function flagsOf(args: readonly string[]) {
  const options = { status: { type: 'boolean' }, 'dry-run': { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch {
    return undefined;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Why a database cannot be used, without the password of its address. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  // Where several addresses were tried there is no message.
  const why = String(message || code);
  return why.replace(/\/\/[^@\s]*@/g, '//');
}
