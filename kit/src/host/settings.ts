import * as z from 'zod/v4';
import { ConfigError, type SettingsOf, type SettingsShape } from '../definitions/settings.js';
import type { HostFiles } from './host.js';

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads and validates the environment. An empty variable counts as not set; `NAME_FILE` names a file that holds the value of
 * `NAME`, which keeps secrets out of the environment. Paths are relative to the project.
 * @param required variables without which this process, unlike others of the project, cannot do its work; of a list of them,
 * exactly one must be set
 * @param files where the platform has some
 * @throws {ConfigError} naming every variable that is missing or wrong.
 */
export function loadSettings<Shape extends SettingsShape>(
  shape: Shape,
  env: Env,
  required: readonly (string | readonly string[])[] = [],
  files?: Pick<HostFiles, 'readSync'>,
): SettingsOf<Shape> {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const name of Object.keys(shape)) {
    const value = readValue(name, env, problems, files);
    if (value) values[name] = value;
  }
  const parsed = z.object(shape).safeParse(values);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const name = String(path[0]);
      if (name in values) problems.push(`${name}: ${message}`);
      else if (!env[`${name}_FILE`]) problems.push(`${name}: is required`);
    }
  }
  for (const one of required) {
    const names = [one].flat();
    const given = names.filter((name) => name in values || env[`${name}_FILE`]);
    if (given.length === 1) continue;
    const problem = names.length > 1 ? 'set exactly one of them' : 'is required';
    problems.push(`${names.join(', ')}: ${problem}`);
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(parsed.data) as SettingsOf<Shape>;
}

function readValue(
  name: string,
  env: Env,
  problems: string[],
  files?: Pick<HostFiles, 'readSync'>,
): string | undefined {
  const path = env[`${name}_FILE`];
  if (!path) return env[name]?.trim();
  if (env[name]) problems.push(`${name}: set ${name} or ${name}_FILE, not both`);
  try {
    if (files === undefined) throw new Error('there are no files');
    const text = files.readSync(path).trim();
    if (text === '') problems.push(`${name}_FILE: the file is empty`);
    return text;
  } catch {
    problems.push(`${name}_FILE: the file cannot be read`);
    return undefined;
  }
}
