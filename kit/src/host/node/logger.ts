import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Logger, pino } from 'pino';
import type { LogOptions } from '../host.js';
import { stderr } from './line-writer.js';
import { PROJECT } from './project.js';

/** JSON lines on stderr: stdout belongs to the protocol. */
export function createLogger({ level, service, fields, clean }: LogOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => clean(withSourcePlaces(line)) },
      mixin: fields,
    },
    stderr,
  );
}

const DIST = pathToFileURL(join(PROJECT, 'dist/'));
/** Begins with a literal, so that it is fast in every text: lines have in them what callers sent. */
const PLACE = new RegExp(`${escaped(DIST.href)}([\\w-]+\\.js):(\\d+):(\\d+)`, 'g');
const maps = new Map<string, SourceMap>();

/**
 * A text that names the source where it named the bundle, such as a stack trace. Reads a source map when it is first needed;
 * `node --enable-source-maps` would read all of them at every start.
 */
export function withSourcePlaces(text: string): string {
  return text.replace(PLACE, sourcePlace);
}

function escaped(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function sourcePlace(place: string, file: string, line: string, column: string): string {
  const [row, offset] = [Number(line) - 1, Number(column) - 1];
  const found = mapOf(file)?.findEntry(row, offset);
  // The nearest mapping before a place in the code of a package is in some other line.
  if (found === undefined || !('originalSource' in found) || found.generatedLine !== row) {
    return place;
  }
  const { href } = new URL(found.originalSource, DIST);
  return `${href}:${found.originalLine + 1}:${found.originalColumn + 1}`;
}

function mapOf(file: string): SourceMap | undefined {
  const known = maps.get(file);
  if (known !== undefined) return known;
  const path = join(PROJECT, 'dist', `${file}.map`);
  if (!existsSync(path)) return undefined;
  const map = new SourceMap(JSON.parse(readFileSync(path, 'utf8')));
  maps.set(file, map);
  return map;
}
