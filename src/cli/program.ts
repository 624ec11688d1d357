import { Command, type CommanderError, Option } from 'commander';
import { PARAM_HELP } from '../add/param-help.js';
import { SCOPE_HELP } from '../add/scopes.js';
import type { AxisOutline } from '../catalog/outline-of.js';
import type { AddToolFlags } from '../commands/add-tool.js';
import type { CommandContext } from '../commands/context.js';
import type { CreateFlags } from '../commands/create-flags.js';
import type { KitFlags } from '../commands/kit.js';
import type { RenderFlags } from '../commands/render.js';
import type { SmokeFlags } from '../commands/smoke.js';
import type { ExitCode } from '../errors.js';
import { version } from '../version.js';

/** A command line that commander rejected. */
export interface UsageFailure {
  readonly error: CommanderError;
  /** The command whose `--help` describes the right usage: `mcp-gen smoke`. */
  readonly command: string;
}

export type ProgramName = 'create-mcp-server' | 'mcp-gen';

/** The chosen command with its arguments. Its modules are loaded when it runs. */
export type CommandAction = (context: CommandContext) => Promise<ExitCode>;
type Choose = (action: CommandAction) => void;

/** The command line of both programs: `create-mcp-server` is `mcp-gen create`. */
export function buildProgram(
  which: ProgramName,
  axes: readonly AxisOutline[],
  choose: Choose,
): Command {
  const program = quiet(new Command(which));
  program.version(version, '-V, --version', 'print the version');
  program.helpOption('-h, --help', 'print this help');
  if (which === 'create-mcp-server') return defineCreate(program, axes, choose);

  program.description('Create MCP servers and maintain them.');
  defineCreate(program.command('create'), axes, choose);
  defineAddTool(program.command('add-tool'), choose);
  defineKit(program.command('kit'), choose);
  defineSmoke(program.command('smoke'), choose);
  defineRender(program.command('render'), choose);
  for (const command of program.commands)
    quiet(command).helpOption('-h, --help', 'print this help');
  return program;
}

function defineCreate(command: Command, axes: readonly AxisOutline[], choose: Choose): Command {
  command
    .summary('create a project')
    .description('Create an MCP server, build it, and test it with real MCP clients.')
    .argument('[directory]', 'where to create the project; its last part is the name');
  command
    .option('--name <name>', 'project name (default: the last part of the directory)')
    .option('--description <text>', 'what the server does, in one sentence');
  for (const option of axisOptions(axes)) command.addOption(option);
  command
    .option(
      '--spec <file>',
      'read answers from a JSON or YAML file (- for stdin); flags override it',
    )
    .option('--no-install', 'do not install dependencies, and do not build or test')
    .option('--no-smoke', 'do not run the smoke test')
    .option('--no-git', 'do not create a git repository')
    .option('-y, --yes', 'use the defaults for everything that is not given')
    .option('--dry-run', 'show what would be created, write nothing')
    .option('--force', 'add to a directory that is not empty; no file is overwritten')
    .option('--strict', 'fail if the smoke test cannot prove something');
  return outputOptions(command).action((directory: string | undefined, flags: CreateFlags) =>
    choose(async (context) => {
      const { createCommand } = await import('../commands/index.js');
      return createCommand(directory, flags, context);
    }),
  );
}

function defineAddTool(command: Command, choose: Choose): Command {
  command
    .summary('add a tool to a project')
    .description(
      'Add a tool to the project that contains this directory: its module, its test and its export.',
    )
    .argument('[name]', 'name that clients see, for example search_orders')
    .option('--description <text>', 'what the tool does and when to use it, for the model')
    .option('--param <param>', `a parameter of the tool (repeatable): ${PARAM_HELP}`, collect)
    .option('--read-only', 'the tool changes nothing')
    .option('--scope <scope>', `${SCOPE_HELP} (repeatable, or separated by commas)`, collect);
  return outputOptions(command).action((name: string | undefined, flags: AddToolFlags) =>
    choose(async (context) => {
      const { addToolCommand } = await import('../commands/index.js');
      return addToolCommand(name, flags, context);
    }),
  );
}

function defineKit(command: Command, choose: Choose): Command {
  command
    .summary('add what your code imports to src/kit')
    .description(
      'Add the files of the kit that your code newly imports to src/kit, and their packages to package.json.',
    )
    .option('--check', 'only say what is missing; exit code 1 when something is')
    .option('--prune', 'remove files of src/kit that your code no longer reaches');
  return outputOptions(command).action((flags: KitFlags) =>
    choose(async (context) => {
      const { kitCommand } = await import('../commands/index.js');
      return kitCommand(flags, context);
    }),
  );
}

function defineSmoke(command: Command, choose: Choose): Command {
  command
    .summary('test a server with real MCP clients')
    .description(
      'Test the built project that contains this directory, or any running server, with real MCP clients.',
    )
    .option('--url <url>', 'MCP endpoint of a running server')
    .option('--header <header>', "header for every request: 'Name: value' (repeatable)", collect)
    .option('--timeout <seconds>', 'time limit of each step (default: 10)')
    .option('--strict', 'fail if something cannot be proven');
  return outputOptions(command).action((flags: SmokeFlags) =>
    choose(async (context) => {
      const { smokeCommand } = await import('../commands/index.js');
      return smokeCommand(flags, context);
    }),
  );
}

function defineRender(command: Command, choose: Choose): Command {
  command
    .summary('write the files of a project')
    .description('Write the files of a project and do nothing else.')
    .requiredOption('--spec <file>', 'answers: a JSON or YAML file (- for stdin)')
    .requiredOption('--out <directory>', 'output directory; must be empty or missing');
  return outputOptions(command).action((flags: RenderFlags) =>
    choose(async (context) => {
      const { renderCommand } = await import('../commands/index.js');
      return renderCommand(flags, context);
    }),
  );
}

function outputOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON document on stdout, everything else on stderr')
    .option('--verbose', 'show the output of child processes and stack traces');
}

/** Commander throws instead of printing errors and exiting: `main` does both. */
function quiet(command: Command): Command {
  return command.exitOverride().configureOutput({ outputError: () => {} });
}

function collect(value: string, given: readonly string[] = []): readonly string[] {
  return [...given, value];
}

/** One flag per axis, with its choices in the help text. */
function axisOptions(axes: readonly AxisOutline[]): Option[] {
  return axes.map((axis) => {
    const choices = axis.features.map((feature) => feature.id).join(', ');
    const several = axis.multiple ? '; separate several with commas' : '';
    const option = new Option(
      `--${axis.id} <${axis.multiple ? 'list' : 'choice'}>`,
      `${axis.help}: ${choices}${several}`,
    );
    return option.argParser((value: string, given: readonly string[] = []) => [...given, value]);
  });
}
