import { ToolError } from '../definitions/definitions.js';

/**
 * A text as it is searched for: without capitals, and each character written in one way. Databases differ in what they
 * know about letters beyond A to Z; SQLite knows nothing.
 */
export function searchable(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/**
 * For a text that a store would refuse, or cut or change without a word. The caller learns in which argument it stands.
 * @param field where it stands in a document
 */
export function notStorable(problem: string, text: string, field?: string): ToolError {
  const where = field === undefined ? '' : ` in ${field}`;
  return new ToolError('INVALID_INPUT', `A text contains ${problem}, which cannot be stored.`, {
    text,
    suggestions: [`Send the text${where} without it.`],
  });
}

/** @throws {ToolError} `INVALID_INPUT` for a text that a database would refuse, or cut or change without a word. */
export function checkText(text: string, field?: string): void {
  if (text.includes('\0')) throw notStorable('the character U+0000', text, field);
  if (!text.isWellFormed()) throw notStorable('half of a surrogate pair', text, field);
}
