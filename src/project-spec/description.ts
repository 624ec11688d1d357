/** The description: one or more lines of any text, within reason. */
import type { Problem } from '../errors.js';

const MAX_LENGTH = 500;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
/** They make text display differently from its code points (CVE-2021-42574, "Trojan Source"). */
const BIDI = /[\u202a-\u202e\u2066-\u2069]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The description when the user gives none. */
export function defaultDescription(name: string): string {
  return `The ${name} MCP server.`;
}

/** Every reason why this text cannot be a description; none when it can. */
export function checkDescription(text: string): Problem[] {
  const problems: Problem[] = [];
  if (text.trim() === '') {
    problems.push({
      message: 'The description is empty.',
      hint: 'Describe what the server does, or omit --description.',
    });
  }
  if (text.length > MAX_LENGTH) {
    problems.push({
      message: `The description has ${text.length} characters; at most ${MAX_LENGTH} are allowed.`,
      hint: 'Keep it to a sentence or two, and put the rest in the README.',
    });
  }
  const control = CONTROL.exec(text)?.[0];
  if (control !== undefined) {
    problems.push({
      message: `The description contains a control character (${codePoint(control)}).`,
      hint: 'Line breaks and tabs are fine; remove other control characters.',
    });
  }
  const bidi = BIDI.exec(text)?.[0];
  if (bidi !== undefined) {
    problems.push({
      message: `The description contains an invisible character that reverses text (${codePoint(bidi)}).`,
      hint: 'Remove it; right-to-left scripts do not need it.',
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
