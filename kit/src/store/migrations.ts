import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { PROJECT } from '../host/node/project.js';
import { type Dialect, splitStatements } from './sql-text.js';

/** One file of `migrations/`. */
export interface Migration {
  /** The name of its file. Migrations are applied in the order of their names. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of its text, whose line ends do not count. */
  readonly checksum: string;
  /** `false` where the file begins with `-- no transaction`. */
  readonly inTransaction: boolean;
}

/** What the database knows of a migration. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  /** Of one without a transaction: began, and was not seen to end. */
  readonly state: 'done' | 'started';
}

/** A connection for migrations, with time enough for them. */
export interface MigrationDatabase {
  readonly dialect: Dialect;
  /** Whether what defines tables is undone with its transaction. */
  readonly undoesDefinitions: boolean;
  /** Waits until no other process applies migrations, where a transaction cannot. It ends with `close`. */
  lock?(): Promise<void>;
  /** Runs one statement. */
  run(text: string): Promise<void>;
  query(text: string): Promise<readonly Record<string, unknown>[]>;
  /** Makes the table of migrations, where there is none. */
  readonly table: string;
  /** Begins a transaction in which no other process applies migrations. */
  readonly begin: readonly string[];
  /** Undoes what a file has set for its session. */
  readonly reset?: string;
  /** Whether an error says that the table of migrations is not there. */
  isNoTable(error: unknown): boolean;
  /** The line of the statement, counted from 0, that an error is about. */
  lineOf?(error: unknown, statement: string): number | undefined;
  close(): Promise<void>;
}

export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

/** Says which file is wrong, and where. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

const FOLDER = join(PROJECT, 'migrations');

/** The files of `migrations/`, in their order. */
export function readMigrations(folder = FOLDER): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n');
      const checksum = createHash('sha256').update(text).digest('hex');
      return { name, text, checksum, inTransaction: !/^\s*--\s*no transaction\b/i.test(text) };
    });
}

/**
 * What is applied, and what is not.
 * @throws {MigrationError} when an applied file was edited or is not there any more, or when one stopped half-way.
 */
export async function migrationStatus(
  database: MigrationDatabase,
  migrations: readonly Migration[] = readMigrations(),
): Promise<MigrationStatus> {
  const known = await appliedIn(database).catch((error: unknown) => {
    if (database.isNoTable(error)) return [];
    throw error;
  });
  return statusOf(known, migrations);
}

/**
 * For a server that applies none itself.
 * @throws {MigrationError} when some are not applied
 */
export async function checkMigrations(database: MigrationDatabase): Promise<void> {
  const { pending } = await migrationStatus(database);
  if (pending.length === 0) return;
  throw new MigrationError(
    `The database does not have ${pending.map((name) => `migrations/${name}`).join(', ')}. Run npm run migrate, or set MIGRATE_ON_START=true.`,
  );
}

/**
 * Applies what the database has not seen. Processes that start at the same time wait for each other.
 * @returns the names of the files that it has applied
 * @throws {MigrationError} with the file and the line of what failed; files before it stay applied.
 */
export async function applyMigrations(
  database: MigrationDatabase,
  log: Logger,
  migrations: readonly Migration[] = readMigrations(),
): Promise<string[]> {
  await database.lock?.();
  await begin(database);
  await database.run(database.table);
  await database.run('COMMIT');
  const applied: string[] = [];
  for (const name of statusOf(await settled(database), migrations).pending) {
    const migration = migrations.find((one) => one.name === name) as Migration;
    const isNew = migration.inTransaction
      ? await applyAtOnce(database, migration)
      : await applyInSteps(database, migration);
    if (!isNew) continue;
    applied.push(name);
    log.info({ migration: name }, 'migration applied');
  }
  return applied;
}

function statusOf(
  known: readonly AppliedMigration[],
  migrations: readonly Migration[],
): MigrationStatus {
  const files = new Map(migrations.map((one) => [one.name, one]));
  for (const { name, checksum, state } of known) {
    const file = files.get(name);
    if (state === 'started') {
      throw new MigrationError(
        `migrations/${name} began and did not end. Finish or undo by hand what it does; then set its state in mcp_migrations to 'done', or delete its row to apply it again.`,
      );
    }
    if (file === undefined) {
      throw new MigrationError(
        `migrations/${name} was applied to this database and is not there any more. Bring the file back, or use the database that this version belongs to.`,
      );
    }
    if (file.checksum !== checksum) {
      throw new MigrationError(
        `migrations/${name} was edited after it had been applied. Bring the applied text back and put the change into a new file.`,
      );
    }
  }
  const seen = new Set(known.map(({ name }) => name));
  const pending = migrations.filter(({ name }) => !seen.has(name)).map(({ name }) => name);
  return { applied: known.map(({ name }) => name), pending };
}

async function appliedIn(database: MigrationDatabase): Promise<AppliedMigration[]> {
  const rows = await database.query(
    'SELECT name, checksum, state FROM mcp_migrations ORDER BY name',
  );
  return rows as unknown as AppliedMigration[];
}

/** How long another process may need for a migration without a transaction, where nothing else tells (milliseconds). */
const OTHERS_MS = 60_000;

/** What is applied, once no other process is at work. */
async function settled(database: MigrationDatabase): Promise<AppliedMigration[]> {
  const deadline = performance.now() + (database.lock === undefined ? OTHERS_MS : 0);
  for (;;) {
    const known = await appliedIn(database);
    const isSettled = known.every(({ state }) => state === 'done');
    if (isSettled || performance.now() >= deadline) return known;
    await sleep(250);
  }
}

/** The file and the row that says so, or neither. @returns `false` when another process was faster. */
async function applyAtOnce(database: MigrationDatabase, migration: Migration): Promise<boolean> {
  await begin(database);
  try {
    if (await isKnown(database, migration)) {
      await database.run('ROLLBACK');
      return false;
    }
    // Where definitions stay, a file that fails half-way leaves a trace.
    if (!database.undoesDefinitions) await database.run(rowOf(migration, 'started'));
    await runAll(database, migration);
    if (database.reset !== undefined) await database.run(database.reset);
    if (database.undoesDefinitions) await database.run(rowOf(migration, 'done'));
    else await database.run(doneText(migration));
    await database.run('COMMIT');
    return true;
  } catch (error) {
    // The database may have rolled back by itself.
    await database.run('ROLLBACK').catch(() => {});
    throw error;
  }
}

async function applyInSteps(database: MigrationDatabase, migration: Migration): Promise<boolean> {
  await begin(database);
  const isKnownNow = await isKnown(database, migration);
  if (!isKnownNow) await database.run(rowOf(migration, 'started'));
  await database.run('COMMIT');
  if (isKnownNow) return false;
  await runAll(database, migration);
  if (database.reset !== undefined) await database.run(database.reset);
  await database.run(doneText(migration));
  return true;
}

async function begin(database: MigrationDatabase): Promise<void> {
  for (const text of database.begin) await database.run(text);
}

async function isKnown(database: MigrationDatabase, { name }: Migration): Promise<boolean> {
  return (await appliedIn(database)).some((one) => one.name === name);
}

/** What would end the transaction of a file, which then is applied by half when it fails. */
const CONTROL = /^(BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK(?!\s+TO)|ABORT)\b/i;

async function runAll(
  database: MigrationDatabase,
  { name, text, inTransaction }: Migration,
): Promise<void> {
  for (const statement of splitStatements(text, database.dialect)) {
    if (inTransaction && CONTROL.test(statement.text)) {
      throw new MigrationError(
        `migrations/${name}, line ${statement.line}: each file runs in a transaction of its own. Leave out the statement, or begin the file with -- no transaction.`,
      );
    }
    try {
      await database.run(statement.text);
    } catch (error) {
      const line = statement.line + (database.lineOf?.(error, statement.text) ?? 0);
      throw new MigrationError(`migrations/${name}, line ${line}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

function rowOf({ name, checksum }: Migration, state: AppliedMigration['state']): string {
  return `INSERT INTO mcp_migrations (name, checksum, state) VALUES (${[name, checksum, state].map(quoted).join(', ')})`;
}

function doneText({ name }: Migration): string {
  return `UPDATE mcp_migrations SET state = 'done' WHERE name = ${quoted(name)}`;
}
