import { ToolError } from '../kit/index.js';
import type { RepositoryFile } from './client.js';

const IMAGES: Readonly<Record<string, string>> = {
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
};
const BINARY = 'application/octet-stream';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A file as a text, or `undefined` when it is none: not UTF-8, or with a NUL. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** What kind of bytes a file has that is no text. */
export function binaryType(path: string): string {
  const [, ending = ''] = /\.(\w+)$/.exec(path.toLowerCase()) ?? [];
  return IMAGES[ending] ?? BINARY;
}

/** A file as a resource. */
export function toContents({ bytes, path }: RepositoryFile) {
  const text = textOf(bytes);
  if (text === undefined) return { contents: bytes, mimeType: binaryType(path) };
  return { contents: text, mimeType: 'text/plain' };
}

export interface Lines {
  readonly text: string;
  readonly first: number;
  readonly last: number;
  readonly total: number;
}

/** @throws {ToolError} `INVALID_INPUT` when the text has fewer lines. */
export function linesOf(text: string, first: number, count: number): Lines {
  const all = text.split('\n');
  // What follows the last line break is no line.
  const total = text.endsWith('\n') ? all.length - 1 : all.length;
  if (first > Math.max(total, 1)) {
    throw new ToolError('INVALID_INPUT', `firstLine: the file has only ${total} lines.`);
  }
  const last = Math.min(first + count - 1, total);
  const isWhole = first === 1 && last === total;
  return { text: isWhole ? text : all.slice(first - 1, last).join('\n'), first, last, total };
}
