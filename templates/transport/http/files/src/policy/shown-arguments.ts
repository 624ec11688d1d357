import { inspect } from 'node:util';

const SHOWN_CHARACTERS = 4_000;

/**
 * The arguments of a call as a person can read them, with invisible characters spelled out. It also says which call was
 * approved, so nothing may be left out: JSON would lose what a schema has made a Map or a Set of.
 */
export function writeOut(args: unknown): string {
  return inspect(args, {
    depth: null,
    maxArrayLength: null,
    maxStringLength: null,
    sorted: true,
  }).replaceAll(
    /[\p{Cf}\p{DI}\p{Zl}\p{Zp}\u2800]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Long arguments in short; how much is missing is part of it. */
export function shorten(text: string): string {
  const rest = text.length - SHOWN_CHARACTERS;
  return rest <= 0 ? text : `${text.slice(0, SHOWN_CHARACTERS)}… and ${rest} more characters`;
}
