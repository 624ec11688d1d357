import { scopesInUse } from '../add/access.js';
import { type AddedTool, addTool } from '../add/add-tool.js';
import { getCatalog } from '../catalog/index.js';
import type { Catalog } from '../catalog/types.js';
import { ExitCode, UsageError } from '../errors.js';
import { findProject, type GeneratedProject, projectProvides } from '../project/project.js';
import { accessLines, accessWarnings } from '../report/access-lines.js';
import type { Output } from '../report/output.js';
import { packageManagerIn } from '../steps/package-manager.js';
import type { ToolAnswers } from '../wizard/tool-wizard.js';
import type { CommandContext } from './context.js';

/** The options of `mcp-gen add-tool`, as commander gives them. */
export interface AddToolFlags {
  readonly description?: string;
  /** Any number of times; see PARAM_HELP. */
  readonly param?: readonly string[];
  readonly readOnly?: boolean;
  /** Any number of times; each can be several with commas. */
  readonly scope?: readonly string[];
}

/**
 * `add-tool`: adds a tool, its test and its export to the project that contains the current directory. On a terminal
 * it asks when the name is missing.
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
    scopes: flags.scope ?? [],
  };
  // Outside of a project, fail before asking anything.
  const project = name === undefined ? findProject(cwd) : null;
  if (name === undefined && !interactive) {
    throw new UsageError([
      {
        message: 'The tool name is missing.',
        hint: 'For example: mcp-gen add-tool search_orders --description "Finds orders."',
      },
    ]);
  }
  const catalog = await getCatalog();
  const answers =
    project === null ? { name: name ?? '', ...given } : await ask(given, project, catalog, signal);
  const added = await addTool({ ...answers, cwd, catalog });
  report(added, catalog, output);
  return ExitCode.ok;
}

async function ask(
  given: Omit<ToolAnswers, 'name'>,
  { root, manifest }: GeneratedProject,
  catalog: Catalog,
  signal: AbortSignal,
) {
  const { runToolWizard } = await import('../wizard/tool-wizard.js');
  const hasAuth = projectProvides(manifest, 'auth', catalog);
  return runToolWizard(given, { hasAuth, scopesInUse: scopesInUse(root), signal });
}

function report(added: AddedTool, catalog: Catalog, output: Output): void {
  const { files, access } = added;
  if (output.json) {
    output.document({
      ok: true,
      code: ExitCode.ok,
      files,
      scopes: access.scopes,
      problems: [],
      warnings: accessWarnings(added),
    });
    return;
  }
  const { paint } = output;
  const [tool, test, barrel] = files;
  output.say(`${paint('green', '✔')} Added the tool ${paint('bold', added.name)}`);
  output.say(`  ${tool}  ${paint('dim', 'returns its input for now')}`);
  output.say(`  ${test}`);
  output.say(`  ${barrel}  ${paint('dim', 'one new line')}`);
  const lines = accessLines(added);
  if (lines.length > 0) {
    output.say();
    output.say(paint('bold', 'Who may call it'));
    for (const line of lines) output.say(`  ${line}`);
  }
  output.say();
  output.say(paint('bold', 'Next'));
  output.say(`  Write run() and output in ${tool}, then adapt its test.`);
  output.say(
    `  ${packageManagerIn(catalog, added.packageManager)?.runText ?? `${added.packageManager} run`} check`,
  );
}
