import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { Place, placeInput } from '../weather/places.js';
import { Forecast, READS, units } from '../weather/results.js';

export const getForecast = defineTool({
  name: 'get_forecast',
  title: 'Get a forecast',
  description:
    'Tells the weather at a place day by day, from today on. The result says which place it is: a name can mean several.',
  input: z.object({
    place: placeInput,
    days: z.number().int().min(1).max(16).default(7).describe('How many days, today included'),
    units,
  }),
  output: Forecast.extend({ place: Place }),
  annotations: READS,
  scopes: ['weather:read'],
  limits: { perMinute: 60, timeoutMs: 15_000 },
  async run(input, { weather, signal }) {
    const place = await weather.resolve(input.place, signal);
    return { place, ...(await weather.forecast(place, input.days, input.units, signal)) };
  },
});
