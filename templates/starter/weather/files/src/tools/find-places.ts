import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { Place } from '../weather/places.js';
import { READS } from '../weather/results.js';

export const findPlaces = defineTool({
  name: 'find_places',
  title: 'Find places',
  description:
    'Finds places by name, the best known ones first. Use it when it is not clear which place is meant; the other tools take names, too.',
  input: z.object({
    name: z
      .string()
      .trim()
      .min(2)
      .max(100)
      .describe('The name or its beginning, without region or country'),
    limit: z.number().int().min(1).max(50).default(10).describe('How many places at the most'),
  }),
  output: z.object({ places: z.array(Place) }),
  annotations: READS,
  scopes: ['weather:read'],
  limits: { perMinute: 60, timeoutMs: 15_000 },
  async run({ name, limit }, { weather, signal }) {
    return { places: await weather.find(name, limit, signal) };
  },
});
