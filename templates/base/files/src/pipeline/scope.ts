/** What OAuth allows in a scope (RFC 6749, section 3.3). */
const SCOPE = /^[!#-[\]-~]+$/;

/** Whether a text is one scope. Only then can a token carry it, and a challenge name it. */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}
