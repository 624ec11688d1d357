import { ToolError } from '../definitions/definitions.js';

/**
 * A text as it is searched for: without capitals, and each character written in one way. Databases differ in what they
 * know about letters beyond A to Z; SQLite knows nothing.
 */
export function searchable(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** For a text that a store would refuse, or cut or change without a word. The caller learns in which argument it stands. */
export function notStorable(problem: string, text: string): ToolError {
  return new ToolError('INVALID_INPUT', `A text contains ${problem}, which cannot be stored.`, {
    text,
    suggestions: ['Send the text without it.'],
  });
}
