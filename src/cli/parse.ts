import { CommanderError } from 'commander';
import { getOutline } from '../catalog/outline.js';
import {
  buildProgram,
  type CommandAction,
  type ProgramName,
  type UsageFailure,
} from './program.js';

/** Finds the chosen command. Prints help and version when asked for; that is a failure with exit code 0. */
export async function parseCommandLine(
  argv: readonly string[],
  which: ProgramName,
): Promise<CommandAction | UsageFailure> {
  let action: CommandAction | undefined;
  const program = buildProgram(which, await getOutline(), (chosen) => {
    action = chosen;
  });
  const failure = (error: CommanderError): UsageFailure => {
    const word = argv.find((arg) => !arg.startsWith('-'));
    const command = program.commands.find((one) => one.name() === word);
    return { error, command: command ? `${which} ${command.name()}` : which };
  };
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return failure(error);
    throw error;
  }
  return action ?? failure(new CommanderError(1, 'commander.help', 'no command was given'));
}
