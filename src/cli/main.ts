import { fastHelp } from './fast-help.js';
import type { ProgramName } from './program.js';
import { listenForSignals } from './signals.js';

/**
 * Runs one of the two programs and sets the exit code. Only what a plain `--help` needs is loaded here; the rest comes
 * with `parse.ts`, `run.ts` and the command.
 *
 * @param argv the arguments after the program's name
 */
export async function main(argv: readonly string[], which: ProgramName): Promise<void> {
  const interruption = listenForSignals();
  tolerateClosedPipes();
  const help = fastHelp(argv, which);
  if (help !== null) {
    process.stdout.write(help);
    return;
  }
  const { parseCommandLine } = await import('./parse.js');
  const parsed = await parseCommandLine(argv, which);
  if (typeof parsed === 'object' && parsed.error.exitCode === 0) return; // --help, --version
  const { runCommand } = await import('./run.js');
  await runCommand(parsed, argv, interruption);
}

/**
 * A closed reader (`| head`) is no failure: further output to it is dropped and the command completes. Output lost for
 * another reason (a full disk) makes the command fail at the end.
 */
function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    let isLost = false;
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (isLost || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return;
      isLost = true;
      const reason = code === 'ENOSPC' ? 'no space left' : message;
      if (stream === process.stdout) {
        process.stderr.write(`✖ The output could not be written: ${reason}.\n`);
      }
      process.once('exit', (exitCode) => {
        process.exitCode = exitCode || 1;
      });
    });
  }
}
