import { ToolError } from '../definitions/definitions.js';

/**
 * A text as it is searched for: without capitals, and each character written in one way. Databases differ in what they
 * know about letters beyond A to Z; SQLite knows nothing.
 */
export function searchable(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/**
 * Stores keep a text as it was sent, or not at all.
 * @param field where the text stands in a document, for the advice
 * @throws {ToolError} `INVALID_INPUT` for NUL and half surrogate pairs
 */
export function checkText(text: string, field?: string): void {
  if (text.includes('\0')) throw notStorable('the character U+0000', text, field);
  if (!text.isWellFormed()) throw notStorable('half of a surrogate pair', text, field);
}

function notStorable(problem: string, text: string, field: string | undefined): ToolError {
  const where = field === undefined ? '' : ` in ${field}`;
  return new ToolError('INVALID_INPUT', `A text contains ${problem}, which cannot be stored.`, {
    text,
    suggestions: [`Send the text${where} without it.`],
  });
}
