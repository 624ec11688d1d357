import { CommanderError } from 'commander';
import { getOutline } from '../catalog/outline.js';
import { buildProgram, type ProgramName, type Work } from './program.js';

/**
 * Runs one of the two programs and sets the exit code. Only what parsing and `--help` need is loaded here; the rest
 * comes with `run.ts` and the command.
 *
 * @param argv what stands behind the program's name
 */
export async function main(argv: readonly string[], which: ProgramName): Promise<void> {
  tolerateClosedPipes();
  const parsed = await parse(argv, which);
  if (parsed instanceof CommanderError && parsed.exitCode === 0) return; // --help, --version
  const { run } = await import('./run.js');
  await run(parsed, argv, which);
}

async function parse(argv: readonly string[], which: ProgramName): Promise<Work | CommanderError> {
  let work: Work | undefined;
  const program = buildProgram(which, await getOutline(), (chosen) => {
    work = chosen;
  });
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error;
    throw error;
  }
  return work ?? new CommanderError(1, 'commander.help', 'no command was given');
}

/**
 * A reader that went away (`| head`) is no failure: what is written to it from then on is dropped and the work goes
 * on, so that nothing is left half done.
 */
function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    });
  }
}
