import { inspect } from 'node:util';

/**
 * The arguments of a call as a person can read them, with invisible characters spelled out. It also says which call was
 * asked about, so nothing may be left out: JSON would lose what a schema has made a Map or a Set of.
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
