/** What makes rendered text formatter-clean: templates meet at slots, and seams leave gaps. */
import { sortImports } from './imports.js';

const CODE = /\.(?:[cm]?[jt]sx?|jsonc?)$/;
const TYPESCRIPT = /\.[cm]?tsx?$/;

/**
 * Tidies a rendered file: no lines of only white space, no run of blank lines, none at either end, one final newline;
 * in code no blank line just inside brackets and nothing at all in empty braces; in TypeScript sorted imports. Text that is all white space gives ''.
 */
export function tidy(path: string, text: string): string {
  if (text.trim() === '') return '';
  let result = text.replace(/^[ \t]+$/gm, '').replace(/\n{3,}/g, '\n\n');
  result = `${result.replace(/^\n+/, '').trimEnd()}\n`;
  if (CODE.test(path)) {
    result = result.replace(/([{[(])\n\n/g, '$1\n').replace(/\n\n([ \t]*[}\])])/g, '\n$1');
    result = result.replace(/\{\n[ \t]*\}/g, '{}');
  }
  return TYPESCRIPT.test(path) ? sortImports(result) : result;
}
