/** The description: one or more lines of any text, within reason. */
import type { Problem } from '../errors.js';

const MAX_LENGTH = 500;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
/** They make text look like other text (CVE-2021-42574, "Trojan Source"). */
const BIDI = /[\u202a-\u202e\u2066-\u2069]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What a project is described as when nobody says anything. */
export function defaultDescription(name: string): string {
  return `The ${name} MCP server.`;
}

/** Every reason why this text cannot be a description; none when it can. */
export function checkDescription(text: string): Problem[] {
  const problems: Problem[] = [];
  if (text.trim() === '') {
    problems.push({
      message: 'The description is empty.',
      hint: 'Say what the server does, or leave --description out.',
    });
  }
  if (text.length > MAX_LENGTH) {
    problems.push({
      message: `The description has ${text.length} characters; ${MAX_LENGTH} are allowed.`,
      hint: 'Keep it to a sentence or two; the README has room for more.',
    });
  }
  const control = CONTROL.exec(text)?.[0];
  if (control !== undefined) {
    problems.push({
      message: `The description has a control character (${codePoint(control)}).`,
      hint: 'Line breaks and tabs are fine; take other control characters out.',
    });
  }
  const bidi = BIDI.exec(text)?.[0];
  if (bidi !== undefined) {
    problems.push({
      message: `The description has an invisible character that turns text around (${codePoint(bidi)}).`,
      hint: 'Take it out; right-to-left scripts do not need it.',
    });
  }
  if (LONE_SURROGATE.test(text)) {
    problems.push({
      message: 'The description is not valid Unicode (half of a surrogate pair).',
      hint: 'Type the character again.',
    });
  }
  return problems;
}

function codePoint(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
