import { getCatalog } from '../catalog/index.js';
import type { Catalog } from '../catalog/types.js';
import { ExitCode } from '../errors.js';
import type { Output } from '../report/output.js';
import { packageManagerIn } from '../steps/package-manager.js';
import { type SyncedKit, syncKit } from '../upkeep/sync-kit.js';
import { version } from '../version.js';
import type { CommandContext } from './context.js';

/** The options of `mcp-gen kit`, as commander gives them. */
export interface KitFlags {
  readonly check?: boolean;
  readonly prune?: boolean;
}

/**
 * `kit`: adds to `src/kit/` what the project's files import.
 *
 * @returns the exit code 0; 1 with `--check` when something is missing
 * @throws CliError and UsageError as `syncKit`
 */
export async function kitCommand(
  flags: KitFlags,
  { cwd, output }: CommandContext,
): Promise<ExitCode> {
  const catalog = await getCatalog();
  const check = flags.check === true;
  const synced = await syncKit({ cwd, catalog, version, check, prune: flags.prune === true });
  const code = check && synced.added.length > 0 ? ExitCode.failed : ExitCode.ok;
  if (output.json) {
    const { added, removed, unreached, edited, packages } = synced;
    const ok = code === ExitCode.ok;
    output.document({ ok, code, files: added, removed, unreached, edited, packages, problems: [] });
  } else report(synced, { check, catalog, output });
  return code;
}

function report(
  { packageManager, count, added, removed, unreached, edited, packages }: SyncedKit,
  { check, catalog, output }: { check: boolean; catalog: Catalog; output: Output },
): void {
  const { paint } = output;
  const list = (title: string, files: readonly string[]) => {
    if (files.length === 0) return;
    output.say(title);
    for (const file of files) output.say(`  ${file}`);
  };
  const names = Object.entries(packages).map(([name, wanted]) => `${name} ${wanted}`);
  const changed = added.length + removed.length;
  if (changed === 0) {
    output.say(
      `${paint('green', '✔')} src/kit has what your code imports ${paint('dim', `(${count} files)`)}`,
    );
  } else {
    list(check ? 'Missing in src/kit' : `${paint('green', '✔')} Added to src/kit`, added);
    list(check ? 'Would be removed' : `${paint('green', '✔')} Removed`, removed);
    list(check ? 'Missing in package.json' : `${paint('green', '✔')} Added to package.json`, names);
  }
  list('Your code no longer reaches these; mcp-gen kit --prune removes them:', unreached);
  list('Edited, so that the next upgrade has to merge them:', edited);
  const next = check
    ? added.length > 0 && 'mcp-gen kit'
    : names.length > 0 && packageManagerIn(catalog, packageManager)?.installText;
  if (!next) return;
  output.say();
  output.say(paint('bold', 'Next'));
  output.say(`  ${next}`);
}
