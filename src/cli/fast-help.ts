import { version } from '../version.js';
import { embeddedHelp } from './embedded-help.js';
import type { ProgramName } from './program.js';

/** Where no terminal says otherwise, commander wraps at this width. */
export const HELP_WIDTH = 80;

/** What a lone `--help` or `--version` prints, known without parsing; null when commander has to be asked. */
export function plainAnswer(argv: readonly string[], which: ProgramName): string | null {
  const [word = '', ...more] = argv;
  if (more.length > 0) return null;
  if (word === '--version' || word === '-V') return `${version}\n`;
  const isHelp = word === '--help' || word === '-h';
  const hasWidth = (process.stdout.columns ?? HELP_WIDTH) === HELP_WIDTH;
  const hasOwnTemplates = Boolean(process.env['CREATE_MCP_SERVER_TEMPLATES']);
  return isHelp && hasWidth && !hasOwnTemplates ? (embeddedHelp?.[which] ?? null) : null;
}
