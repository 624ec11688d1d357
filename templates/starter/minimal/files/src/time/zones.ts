import { ToolError } from '../kit/index.js';

/** The names of all time zones that the runtime knows, such as `Europe/Paris`. */
export const zones: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone')];

/** A format takes far longer to make than to use. */
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * The wall-clock time in a zone, such as `Friday, 20 November 2026 at 16:00:00 CET`.
 * @throws {ToolError} `NOT_FOUND` when the runtime does not know the zone.
 */
export function timeIn(zone: string, date: Date): string {
  try {
    return formatOf(zone).format(date);
  } catch {
    throw new ToolError('NOT_FOUND', `No time zone is called "${zone}".`, {
      suggestions: ['Use a name of the IANA database, such as Europe/Paris.'],
    });
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const kept = formats.get(timeZone);
  if (kept) return kept;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    dateStyle: 'full',
    timeStyle: 'long',
  });
  if (formats.size < zones.length) formats.set(timeZone, format);
  return format;
}
