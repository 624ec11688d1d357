/**
 * One encoder per target language. Each takes any text and gives the complete literal: what a parser of that language
 * reads back is exactly the text.
 */
import { columns } from './columns.js';

/** Characters that JSON allows bare but YAML and TOML, or careful readers, do not: DEL, C1, line separators, BOM. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff]/g;
const LINE_WIDTH = 100;

const escapeUnit = (char: string): string =>
  `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A JSON value on one line. */
export function json(value: unknown): string {
  return JSON.stringify(value);
}

/** A YAML double-quoted scalar (YAML 1.2 section 7.3.1 takes every escape that JSON writes). */
export function yaml(text: string): string {
  return JSON.stringify(text).replace(UNPRINTABLE, escapeUnit);
}

/** A TOML basic string; its escapes are those of JSON (TOML 1.0, "String"). */
export function toml(text: string): string {
  return JSON.stringify(text).replace(UNPRINTABLE, escapeUnit);
}

/** A TypeScript string with single quotes, or double quotes where that needs fewer escapes (as Biome and Prettier). */
export function ts(text: string): string {
  const quote = text.split("'").length > text.split('"').length ? '"' : "'";
  const body = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replace(UNPRINTABLE, escapeUnit);
  return quote + body.replaceAll(quote, `\\${quote}`) + quote;
}

/**
 * A whole `key: 'text',` line; `indent` is the number of spaces the template has already written. The value moves to
 * a line of its own where the line would be longer than 100 columns, as the formatter does it.
 */
export function tsProperty(indent: number, key: string, text: string): string {
  const value = ts(text);
  const fits = indent + columns(`${key}: ${value},`) <= LINE_WIDTH;
  return fits ? `${key}: ${value},` : `${key}:\n${' '.repeat(indent + 2)}${value},`;
}

/** A POSIX shell word: bare where that is safe, else in single quotes. */
export function sh(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Text for a `#` or `//` comment: one line, without control characters. */
export function comment(text: string): string {
  return oneLine(text);
}

/**
 * A double-quoted word of a Dockerfile instruction. Such a word cannot hold a line break (the format has no escape for
 * one), so breaks become spaces; `$` would start a variable.
 */
export function dockerfile(text: string): string {
  return `"${oneLine(text).replace(/[\\"$]/g, '\\$&')}"`;
}

/**
 * Markdown that shows the text as typed, on one line so that it fits paragraphs, headings and table cells alike: line
 * breaks become `<br>`, and what Markdown or HTML would read as syntax is escaped.
 */
export function md(text: string): string {
  return (
    text
      .replace(/[\\`*[\]<>|~]/g, '\\$&')
      // Inside a word an underscore is just that, also in a bare link.
      .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
      .replace(/&(?=#?\w+;)/g, '&amp;')
      // Only at the start of a line do these open a heading, a list, a quote or a rule.
      .replace(/^(\s*)([#+=-])/gm, '$1\\$2')
      .replace(/^(\s*\d+)([.)])(?=\s|$)/gm, '$1\\$2')
      .trim()
      .split(/\r\n|\r|\n/)
      .map((line) => line.trim())
      .join('<br>')
  );
}

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}
