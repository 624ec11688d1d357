import { CommanderError } from 'commander';
import { getOutline } from '../catalog/outline.js';
import { buildProgram, type Misuse, type ProgramName, type Work } from './program.js';

/** Finds the command that is meant. Prints help and version when they are; that is a misuse with exit code 0. */
export async function parse(argv: readonly string[], which: ProgramName): Promise<Work | Misuse> {
  let work: Work | undefined;
  const program = buildProgram(which, await getOutline(), (chosen) => {
    work = chosen;
  });
  const misuse = (error: CommanderError): Misuse => {
    const word = argv.find((arg) => !arg.startsWith('-'));
    const command = program.commands.find((one) => one.name() === word);
    return { error, helper: command ? `${which} ${command.name()}` : which };
  };
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return misuse(error);
    throw error;
  }
  return work ?? misuse(new CommanderError(1, 'commander.help', 'no command was given'));
}
