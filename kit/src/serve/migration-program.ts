import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import type { SettingsOf, SettingsShape } from '../definitions/settings.js';
import { type Env, loadSettings } from '../host/host.js';
import { nodeHost } from '../host/node/host.js';
import { orExit } from '../host/node/lifecycle.js';
import { loadEnvFile } from '../host/node/project.js';
import { createLogger } from '../telemetry/logger.js';

/** What a datastore has applied of the files of this project, and applies. */
export interface MigrationTarget {
  status(): Promise<{ readonly applied: readonly string[]; readonly pending: readonly string[] }>;
  /** @returns the names of the files that it has applied */
  apply(log: Logger): Promise<string[]>;
  close(): void | Promise<void>;
}

export interface MigrationProgram<Shape extends SettingsShape> {
  readonly settings: Shape;
  readonly usage: string;
  /** The folder of the files. */
  readonly folder: string;
  open(config: SettingsOf<Shape>): MigrationTarget | Promise<MigrationTarget>;
  /** Whether an error is about a file. Other words may hold what the URL holds. */
  isAboutFile(error: unknown): error is Error;
}

/** What `npm run migrate` does on every datastore. @returns its exit code */
export async function runMigrations<Shape extends SettingsShape>(
  { settings, usage, folder, open, isAboutFile }: MigrationProgram<Shape>,
  args: readonly string[],
  env: Env,
): Promise<number> {
  const flags = flagsOf(args);
  if (flags === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  loadEnvFile();
  const config = orExit(() => loadSettings(settings, env, [], nodeHost.files));
  try {
    const target = await open(config);
    try {
      if (flags.status || flags['dry-run']) {
        const { applied, pending } = await target.status();
        if (flags.status) for (const name of applied) say(`applied  ${name}`);
        for (const name of pending) say(`pending  ${name}`);
        if (applied.length + pending.length === 0) say(`${folder}/ has no file.`);
        return flags['dry-run'] && pending.length > 0 ? 1 : 0;
      }
      const names = await target.apply(createLogger(nodeHost, 'silent', 'migrate'));
      for (const name of names) say(`applied  ${name}`);
      if (names.length === 0) say('Nothing to apply.');
      return 0;
    } finally {
      await target.close();
    }
  } catch (error) {
    process.stderr.write(
      `${isAboutFile(error) ? error.message : `The database cannot be migrated: ${reasonOf(error)}`}\n`,
    );
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
