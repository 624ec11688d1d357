/** Whether a token can name this role: its list of roles may have any text in it, but an empty one names nothing. */
export function isRoleName(text: string): boolean {
  return text !== '';
}
