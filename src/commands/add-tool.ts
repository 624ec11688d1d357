import { type AddedTool, addTool } from '../add/add-tool.js';
import { findProject } from '../add/project.js';
import { getCatalog } from '../catalog/index.js';
import type { CommandContext } from '../cli/context.js';
import type { Output } from '../cli/output.js';
import { ExitCode, UsageError } from '../errors.js';
import type { Catalog } from '../model.js';
import { PACKAGE_MANAGER_AXIS } from '../spec/external.js';
import { packageManagerOf } from '../steps/package-manager.js';

/** The options of `mcp-gen add-tool`, as commander gives them. */
export interface AddToolFlags {
  readonly description?: string;
  /** Any number of times; see PARAM_HELP. */
  readonly param?: readonly string[];
  readonly readOnly?: boolean;
}

/**
 * `add-tool`: adds a tool, its test and its barrel line to the project around the current directory. On a terminal it
 * asks when the name is missing.
 *
 * @returns the exit code 0
 * @throws UsageError and CliError as `addTool`; InterruptedError when the questions were cancelled
 */
export async function addToolCommand(
  name: string | undefined,
  flags: AddToolFlags,
  { cwd, interactive, output, signal }: CommandContext,
): Promise<ExitCode> {
  const given = {
    description: flags.description,
    params: flags.param ?? [],
    readOnly: flags.readOnly === true,
  };
  // Outside of a project no question makes sense.
  if (name === undefined) findProject(cwd);
  if (name === undefined && !interactive) {
    throw new UsageError([
      {
        message: 'The name of the tool is missing.',
        hint: 'For example: mcp-gen add-tool search_orders --description "Finds orders."',
      },
    ]);
  }
  const catalog = await getCatalog();
  const answers = name === undefined ? await ask(given, signal) : { name, ...given };
  const added = await addTool({ ...answers, cwd, catalog });
  report(added, catalog, output);
  return ExitCode.ok;
}

async function ask(
  given: { description: string | undefined; params: readonly string[]; readOnly: boolean },
  signal: AbortSignal,
) {
  const { runToolWizard } = await import('../cli/wizard-tool.js');
  return runToolWizard(given, { signal });
}

function report(added: AddedTool, catalog: Catalog, output: Output): void {
  if (output.json) {
    output.document({ ok: true, code: ExitCode.ok, files: added.files, problems: [] });
    return;
  }
  const { paint } = output;
  const [tool, test, barrel] = added.files;
  output.say(`${paint('green', '✔')} Added the tool ${paint('bold', added.name)}`);
  output.say(`  ${tool}  ${paint('dim', 'answers with its input for now')}`);
  output.say(`  ${test}`);
  output.say(`  ${barrel}  ${paint('dim', 'one more line')}`);
  output.say();
  output.say(paint('bold', 'Next'));
  output.say(`  Write run() and output in ${tool}, and what you expect in its test.`);
  output.say(`  ${runScript(added.packageManager, catalog)} check`);
}

/** How the project's package manager runs a script: `npm run`. */
function runScript(packageManager: string, catalog: Catalog): string {
  const axis = catalog.axes.find(({ id }) => id === PACKAGE_MANAGER_AXIS);
  const feature = axis?.features.find(({ id }) => id === packageManager);
  return feature ? packageManagerOf(feature).runText : `${packageManager} run`;
}
