import fastStringWidth from 'fast-string-width';

/** How many columns a terminal or a formatter counts for a text: East Asian wide characters and emoji take two. */
export function columns(text: string): number {
  return fastStringWidth(text);
}
