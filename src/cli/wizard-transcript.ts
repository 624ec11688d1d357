import { styleText } from 'node:util';
import { S_BAR_END, S_BAR_START } from '@clack/prompts';
import { ExitCode } from '../errors.js';
import { version } from '../version.js';
import { InterruptedError } from './interrupt.js';
import { answeredFrame, eraseRows } from './wizard-frame.js';

export interface Exchange {
  readonly message: string;
  readonly answer: string;
}

/** The answered questions on the screen, drawn again after every step: going back takes them away. */
export class Transcript {
  #rows = 0;

  constructor(
    title: string,
    private readonly output: NodeJS.WriteStream,
  ) {
    // Not a list of styles: Node 20 does not look at NO_COLOR then.
    const name = styleText('bold', styleText('cyan', title));
    const start = styleText('gray', S_BAR_START);
    output.write(`\n${start}  ${name}  ${styleText('dim', `v${version}`)}\n`);
  }

  /** @param below rows of a prompt's last frame, which go as well */
  show(exchanges: readonly Exchange[], below = 0): void {
    const lines = exchanges.flatMap(({ message, answer }) =>
      answeredFrame(message, answer, this.output),
    );
    const text = lines.map((line) => `${line}\n`).join('');
    this.output.write(eraseRows(this.#rows + below) + text);
    this.#rows = lines.length;
  }

  end(): void {
    this.output.write(`${styleText('gray', S_BAR_END)}\n\n`);
  }

  /** Ends it after Ctrl-C; throw what this returns. */
  cancelled(): InterruptedError {
    this.output.write(`${styleText('gray', S_BAR_END)}  Nothing was written.\n\n`);
    return new InterruptedError(ExitCode.interrupted);
  }
}
