import { ToolError } from '../kit/index.js';

/** What days are put together to. */
export const BUCKETS = ['day', 'week', 'month'] as const;
export type Bucket = (typeof BUCKETS)[number];

/** Days in UTC, `2026-11-30`; both are part of the range. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

const DAY_MS = 86_400_000;
/** How many days a range has when nobody says where it begins. */
const DEFAULT_DAYS = 30;

export const dayOf = (time: Date): string => time.toISOString().slice(0, 10);

export function addDays(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) + days * DAY_MS));
}

/** How many days a range has. */
export const lengthOf = ({ from, to }: DayRange): number =>
  (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;

/** The day, and the first days of its week (Monday, ISO 8601) and its month. */
export function bucketsOf(time: Date): Record<Bucket, string> {
  const day = dayOf(time);
  const sinceMonday = (time.getUTCDay() + 6) % 7;
  return { day, week: addDays(day, -sinceMonday), month: `${day.slice(0, 7)}-01` };
}

/**
 * The range that is asked for: by default the 30 days up to today.
 * @throws {ToolError} `INVALID_INPUT` when it ends before it begins.
 */
export function rangeOf(
  given: { readonly from?: string | undefined; readonly to?: string | undefined },
  now = new Date(),
): DayRange {
  const { to = dayOf(now) } = given;
  const { from = addDays(to, 1 - DEFAULT_DAYS) } = given;
  if (from <= to) return { from, to };
  throw new ToolError('INVALID_INPUT', `The range ends on ${to}, before it begins on ${from}.`, {
    suggestions: ['Exchange from and to, or leave one of them out.'],
  });
}

/** The days just before a range, as many as it has. */
export function daysBefore(range: DayRange): DayRange {
  return { from: addDays(range.from, -lengthOf(range)), to: addDays(range.from, -1) };
}
