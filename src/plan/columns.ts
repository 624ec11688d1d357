/** How many columns a formatter counts for a text: East Asian wide characters and emoji take two. */
import fastStringWidth from 'fast-string-width';

export function columns(text: string): number {
  return fastStringWidth(text);
}
