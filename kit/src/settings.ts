import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/v4';
import { PROJECT } from './host/node/project.js';
{{> config/imports}}

type Env = Readonly<Record<string, string | undefined>>;

/** A whole number between `min` and `max`. */
const int = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** A file, relative to the project: clients start servers in whatever folder they are in. */
const file = z.string().transform((path) => resolve(PROJECT, path));

{{> config/types}}

const schema = z.object({
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  AUDIT_LOG_PATH: file.optional(),
  AUDIT_ARGUMENTS: z.enum(['hash', 'redacted', 'none']).default('hash'),
  AUDIT_HASH_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
  {{> config/fields}}
  TOOL_TIMEOUT_MS: int(1, 600_000).default(30_000),
  MAX_OUTPUT_BYTES: int(1_000, 100_000_000).default(1_000_000),
  MAX_OUTPUT_ROWS: int(1, 1_000_000).default(1_000),
  SHUTDOWN_TIMEOUT_MS: int(0, 600_000).default(10_000),
});

/** The names of all variables that the server reads. */
export const variables = Object.keys(schema.shape);

/** The server's settings, read once at start. Keys are the environment variables' names. */
export type Config = Readonly<z.output<typeof schema>>;

/** Thrown with every problem at once; the message names variables, never their values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(['The configuration is not valid:', ...problems.map((line) => `  ${line}`)].join('\n'));
  }
}

/**
 * Reads and validates the environment. An empty variable counts as not set; `NAME_FILE` names a file that holds the value of
 * `NAME`, which keeps secrets out of the environment. Paths are relative to the project.
 * @param required variables without which this process, unlike others of the project, cannot do its work
 * @throws {ConfigError} naming every variable that is missing or wrong.
 */
export function loadConfig(env: Env = process.env, required: readonly string[] = []): Config {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const name of variables) {
    const value = readValue(name, env, problems);
    if (value) values[name] = value;
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const name = String(path[0]);
      if (name in values) problems.push(`${name}: ${message}`);
      else if (!env[`${name}_FILE`]) problems.push(`${name}: is required`);
    }
  }
  const missing = required.filter((name) => !(name in values) && !env[`${name}_FILE`]);
  problems.push(...missing.map((name) => `${name}: is required`));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(parsed.data);
}

/** Runs a step of the start; a configuration that is not valid is printed and ends the process with exit code 1. */
export function orExit<T>(start: () => T): T {
  try {
    return start();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function readValue(name: string, env: Env, problems: string[]): string | undefined {
  const path = env[`${name}_FILE`];
  if (!path) return env[name]?.trim();
  if (env[name]) problems.push(`${name}: set ${name} or ${name}_FILE, not both`);
  try {
    const text = readFileSync(resolve(PROJECT, path), 'utf8').trim();
    if (text === '') problems.push(`${name}_FILE: the file is empty`);
    return text;
  } catch {
    problems.push(`${name}_FILE: the file cannot be read`);
    return undefined;
  }
}
