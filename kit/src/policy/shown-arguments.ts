const SHOWN_CHARACTERS = 4_000;

/** Long arguments in short; how much is missing is part of it. */
export function shorten(text: string): string {
  const rest = text.length - SHOWN_CHARACTERS;
  return rest <= 0 ? text : `${text.slice(0, SHOWN_CHARACTERS)}… and ${rest} more characters`;
}
