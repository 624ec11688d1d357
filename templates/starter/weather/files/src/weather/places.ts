import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';

export const Place = z.object({
  name: z.string(),
  region: z.string().nullable().describe('State, province or the like'),
  country: z.string().nullable(),
  countryCode: z.string().nullable().describe('ISO 3166, two letters'),
  latitude: z.number(),
  longitude: z.number(),
  timezone: z.string().nullable().describe('IANA name'),
  population: z.number().nullable(),
});
export type Place = z.output<typeof Place>;

/** A place as callers name it. */
export const placeInput = z
  .string()
  .trim()
  .min(2)
  .max(100)
  .describe(
    'A name, with region or country where several places share it (Paris; Springfield, Illinois), or latitude,longitude (52.52,13.41)',
  );

const COORDINATES = /^(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)$/;
/** A place this many times larger than all others of its name is the one that is meant. */
const DOMINANCE = 10;
const MAX_NAMED = 6;

/** A text such as `52.52,13.41` as a place without a name, or `undefined` when it is none. */
export function parseCoordinates(text: string): Place | undefined {
  const [, first, second] = COORDINATES.exec(text) ?? [];
  if (first === undefined || second === undefined) return undefined;
  const [latitude, longitude] = [Number(first), Number(second)];
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) {
    throw new ToolError('INVALID_INPUT', `There is no place at ${text}.`, {
      suggestions: ['Latitudes go from -90 to 90, longitudes from -180 to 180.'],
    });
  }
  const unknown = { region: null, country: null, countryCode: null, timezone: null };
  return { name: text, latitude, longitude, population: null, ...unknown };
}

/** What to search for: what stands before the first comma. What follows tells places of one name apart. */
export function searchText(text: string): string {
  return text.split(',')[0]?.trim() ?? '';
}

/**
 * The one of the places found that a text means. Where several fit, the largest is meant if it is far larger than the others.
 * @throws {ToolError} `NOT_FOUND`, or `AMBIGUOUS_PLACE` with the places that it can be.
 */
export function choosePlace(text: string, found: readonly Place[]): Place {
  const [name = '', ...details] = text.split(',').map((part) => fold(part));
  const fitting = found.filter((place) => details.every((detail) => isIn(place, detail)));
  const named = fitting.filter((place) => fold(place.name) === name);
  const candidates = named.length > 0 ? named : fitting;
  const [first, second] = [...candidates].sort((a, b) => sizeOf(b) - sizeOf(a));
  if (first === undefined) throw notFound(text, found);
  if (second === undefined || sizeOf(first) >= DOMINANCE * sizeOf(second)) return first;
  throw new ToolError('AMBIGUOUS_PLACE', `${text} can be several places.`, {
    suggestions: [
      ...candidates.slice(0, MAX_NAMED).map((place) => `${fullName(place)} (${at(place)})`),
      'Ask which one is meant, and name it with its region or its coordinates.',
    ],
  });
}

/** A place with everything that tells it apart, such as `Springfield, Illinois, United States`. */
export function fullName({ name, region, country }: Place): string {
  return [name, region, country].filter((part) => part !== null).join(', ');
}

const at = ({ latitude, longitude }: Place) => `${latitude},${longitude}`;
/** Nobody lives in most of the places whose population is not known. */
const sizeOf = ({ population }: Place) => Math.max(population ?? 0, 1);

/** Without marks and in small letters: people write Zurich and mean Zürich. */
function fold(text: string): string {
  return text.trim().normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

function isIn({ region, country, countryCode }: Place, detail: string): boolean {
  return [region, country, countryCode].some((one) => one !== null && fold(one) === detail);
}

function notFound(text: string, found: readonly Place[]): ToolError {
  const others = found.slice(0, MAX_NAMED).map(fullName);
  return new ToolError('NOT_FOUND', `No place is called ${text}.`, {
    suggestions:
      others.length > 0
        ? [`There are: ${others.join('; ')}.`]
        : ['Check the spelling, use the English name, or a larger place nearby.'],
  });
}
