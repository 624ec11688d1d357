import { version } from '../version.js';
import { embeddedHelp } from './embedded-help.js';
import type { ProgramName } from './program.js';

/** Commander wraps at this width when there is no terminal. */
export const HELP_WIDTH = 80;

/** The output of a lone `--help` or `--version`, without parsing; null when commander has to produce it. */
export function fastHelp(argv: readonly string[], which: ProgramName): string | null {
  const [word = '', ...more] = argv;
  if (more.length > 0) return null;
  if (word === '--version' || word === '-V') return `${version}\n`;
  const isHelp = word === '--help' || word === '-h';
  const hasWidth = (process.stdout.columns ?? HELP_WIDTH) === HELP_WIDTH;
  const hasOwnTemplates = Boolean(process.env['CREATE_MCP_SERVER_TEMPLATES']);
  return isHelp && hasWidth && !hasOwnTemplates ? (embeddedHelp?.[which] ?? null) : null;
}
