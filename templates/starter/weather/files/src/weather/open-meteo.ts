import * as z from 'zod/v4';
import type { Part } from '../kit/index.js';
import { apiToken, apiUrl } from '../kit/outbound/addresses.js';
import { keyQuery } from '../kit/outbound/credentials.js';
import { HttpApi } from '../kit/outbound/http-api.js';
import { conditionOf } from './conditions.js';
import { choosePlace, type Place, parseCoordinates, searchText } from './places.js';

const settings = {
  WEATHER_API_URL: apiUrl().default('https://api.open-meteo.com'),
  GEOCODING_API_URL: apiUrl().default('https://geocoding-api.open-meteo.com'),
  WEATHER_API_KEY: apiToken.optional(),
};

export type Units = 'metric' | 'imperial';

/** Open-Meteo renews the current weather every quarter of an hour, and places hardly ever. */
const FRESH_SECONDS = { weather: 600, places: 86_400 };

const UNITS: Record<Units, Record<string, string>> = {
  metric: {},
  imperial: { temperature_unit: 'fahrenheit', wind_speed_unit: 'mph', precipitation_unit: 'inch' },
};

/** What Open-Meteo calls the values, and what they are called here. */
const CURRENT = {
  temperature: 'temperature_2m',
  feelsLike: 'apparent_temperature',
  humidity: 'relative_humidity_2m',
  precipitation: 'precipitation',
  windSpeed: 'wind_speed_10m',
  windDirection: 'wind_direction_10m',
} as const;
const DAILY = {
  temperatureMax: 'temperature_2m_max',
  temperatureMin: 'temperature_2m_min',
  precipitation: 'precipitation_sum',
  precipitationProbability: 'precipitation_probability_max',
  windSpeedMax: 'wind_speed_10m_max',
} as const;

const value = z.number().nullable();
const Found = z.object({
  results: z
    .array(
      z.object({
        name: z.string(),
        latitude: z.number(),
        longitude: z.number(),
        country: z.string().optional(),
        country_code: z.string().optional(),
        admin1: z.string().optional(),
        timezone: z.string().optional(),
        population: z.number().optional(),
      }),
    )
    // Where nothing is found, it is missing.
    .default([]),
});
const Current = z.object({
  timezone: z.string(),
  current_units: z.record(z.string(), z.string()),
  current: z
    .object({ time: z.string(), weather_code: value })
    .catchall(z.union([z.string(), value])),
});
const Daily = z.object({
  timezone: z.string(),
  daily_units: z.record(z.string(), z.string()),
  daily: z
    .object({ time: z.array(z.string()), weather_code: z.array(value) })
    .catchall(z.array(z.union([z.string(), value]))),
});
const Refusal = z.object({ reason: z.string() });

/** Places and their weather. */
export class Weather {
  constructor(
    private readonly forecasts: HttpApi,
    private readonly geocoding: HttpApi,
  ) {}

  /** Places with this name, or one that begins like it: the best known ones first. */
  async find(name: string, limit: number, signal: AbortSignal): Promise<Place[]> {
    const { results } = await this.geocoding.get('/v1/search', {
      schema: Found,
      query: { name, count: limit, language: 'en', format: 'json' },
      freshSeconds: FRESH_SECONDS.places,
      signal,
    });
    return results.map((found) => ({
      name: found.name,
      region: found.admin1 ?? null,
      country: found.country ?? null,
      countryCode: found.country_code ?? null,
      latitude: found.latitude,
      longitude: found.longitude,
      timezone: found.timezone ?? null,
      population: found.population ?? null,
    }));
  }

  /**
   * The place that a text means: `Paris`, `Springfield, Illinois` or `52.52,13.41`.
   * @throws {ToolError} `NOT_FOUND`, or `AMBIGUOUS_PLACE` with the places that it can be.
   */
  async resolve(text: string, signal: AbortSignal): Promise<Place> {
    const coordinates = parseCoordinates(text);
    if (coordinates !== undefined) return coordinates;
    return choosePlace(text, await this.find(searchText(text), 20, signal));
  }

  /** The weather at a place now, in the local time of the place. */
  async current({ latitude, longitude }: Place, units: Units, signal: AbortSignal) {
    const variables = [...Object.values(CURRENT), 'weather_code'];
    const { timezone, current, current_units } = await this.forecasts.get('/v1/forecast', {
      schema: Current,
      query: {
        latitude,
        longitude,
        timezone: 'auto',
        current: variables.join(','),
        ...UNITS[units],
      },
      freshSeconds: FRESH_SECONDS.weather,
      signal,
    });
    return {
      time: current.time,
      timezone,
      conditions: conditionOf(current.weather_code),
      ...mapValues(CURRENT, (name) => numberOf(current[name])),
      units: mapValues(CURRENT, (name) => current_units[name] ?? ''),
    };
  }

  /** The weather at a place, today and the days after it. */
  async forecast({ latitude, longitude }: Place, days: number, units: Units, signal: AbortSignal) {
    const variables = [...Object.values(DAILY), 'weather_code'];
    const { timezone, daily, daily_units } = await this.forecasts.get('/v1/forecast', {
      schema: Daily,
      query: {
        latitude,
        longitude,
        timezone: 'auto',
        daily: variables.join(','),
        forecast_days: days,
        ...UNITS[units],
      },
      freshSeconds: FRESH_SECONDS.weather,
      signal,
    });
    return {
      timezone,
      days: daily.time.map((date, index) => ({
        date,
        conditions: conditionOf(daily.weather_code[index]),
        ...mapValues(DAILY, (name) => numberOf(daily[name]?.[index])),
      })),
      units: mapValues(DAILY, (name) => daily_units[name] ?? ''),
    };
  }
}

const numberOf = (found: unknown) => (typeof found === 'number' ? found : null);

function mapValues<Key extends string, Result>(
  names: Readonly<Record<Key, string>>,
  map: (name: string) => Result,
): Record<Key, Result> {
  const entries = Object.entries<string>(names).map(([key, name]) => [key, map(name)] as const);
  return Object.fromEntries(entries) as Record<Key, Result>;
}

/**
 * The weather service of Open-Meteo.
 * @see https://open-meteo.com/en/docs
 */
export function weather() {
  return {
    settings,
    open(env) {
      const { WEATHER_API_URL, GEOCODING_API_URL, WEATHER_API_KEY } = env.config;
      const common = {
        credential: WEATHER_API_KEY === undefined ? undefined : keyQuery('apikey', WEATHER_API_KEY),
        messageOf: (body: unknown) => Refusal.safeParse(body).data?.reason,
      };
      return new Weather(
        new HttpApi(env, { ...common, name: 'Open-Meteo', baseUrl: WEATHER_API_URL }),
        new HttpApi(env, { ...common, name: "Open-Meteo's geocoding", baseUrl: GEOCODING_API_URL }),
      );
    },
  } satisfies Part<typeof settings, Weather>;
}
