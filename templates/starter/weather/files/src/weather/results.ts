import * as z from 'zod/v4';

const value = z.number().nullable().describe('null: not known');

/** The weather now; `units` has the unit of each value. */
export const CurrentWeather = z.object({
  time: z.string().describe('Local time of the place, ISO 8601 without an offset'),
  timezone: z.string(),
  conditions: z.string().describe('In words'),
  temperature: value,
  feelsLike: value,
  humidity: value,
  precipitation: value.describe('In the last quarter of an hour; null: not known'),
  windSpeed: value,
  windDirection: value.describe('Where the wind comes from; null: not known'),
  units: z.record(z.string(), z.string()),
});

export const Forecast = z.object({
  timezone: z.string(),
  days: z.array(
    z.object({
      date: z.string().describe('ISO 8601, in the time zone of the place'),
      conditions: z.string().describe('In words'),
      temperatureMax: value,
      temperatureMin: value,
      precipitation: value,
      precipitationProbability: value,
      windSpeedMax: value,
    }),
  ),
  units: z.record(z.string(), z.string()),
});

export const units = z
  .enum(['metric', 'imperial'])
  .default('metric')
  .describe('metric: °C, km/h, mm; imperial: °F, mph, inch');

/** Everything here only reads, and what it reads changes by itself. */
export const READS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
} as const;

/** A value with its unit, as people write it. */
export function show(value: number | null, unit: string | undefined): string {
  return value === null ? 'unknown' : `${value} ${unit ?? ''}`.trim();
}
