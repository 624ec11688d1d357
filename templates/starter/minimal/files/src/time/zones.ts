import { ToolError } from '../kit/index.js';

/** The names of all time zones that the runtime knows, such as `Europe/Paris`. */
export const zones: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone')];

/**
 * The wall-clock time in a zone, such as `Friday, 20 November 2026 at 16:00:00 CET`.
 * @throws {ToolError} `NOT_FOUND` when the runtime does not know the zone.
 */
export function timeIn(zone: string, date: Date): string {
  try {
    return new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      dateStyle: 'full',
      timeStyle: 'long',
    }).format(date);
  } catch {
    throw new ToolError('NOT_FOUND', `No time zone is called "${zone}".`, {
      suggestions: ['Use a name of the IANA database, such as Europe/Paris.'],
    });
  }
}
