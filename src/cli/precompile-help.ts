/** For scripts/build.mjs: the help of both programs as a JavaScript module. */
import type { AxisOutline } from '../catalog/outline-of.js';
import { HELP_WIDTH } from './fast-help.js';
import { buildProgram, type ProgramName } from './program.js';

/** The source text of a module that takes the place of `embedded-help.ts`. */
export function precompileHelp(axes: readonly AxisOutline[]): string {
  const names: readonly ProgramName[] = ['create-mcp-server', 'mcp-gen'];
  const texts = names.map((name) => {
    const program = buildProgram(name, axes, () => {});
    program.configureOutput({ getOutHelpWidth: () => HELP_WIDTH });
    return [name, program.helpInformation()];
  });
  return `export const embeddedHelp = ${JSON.stringify(Object.fromEntries(texts))};\n`;
}
