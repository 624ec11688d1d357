/** Whether a key can name this role: blanks and commas end it, and `=` is for the words around it. */
export function isRoleName(text: string): boolean {
  return /^[^\s,=]+$/.test(text);
}
