import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { Place, placeInput } from '../weather/places.js';
import { CurrentWeather, READS, units } from '../weather/results.js';

export const getCurrentWeather = defineTool({
  name: 'get_current_weather',
  title: 'Get the current weather',
  description:
    'Tells the weather at a place now. The result says which place it is: a name can mean several.',
  input: z.object({ place: placeInput, units }),
  output: CurrentWeather.extend({ place: Place }),
  annotations: READS,
  scopes: ['weather:read'],
  limits: { perMinute: 60, timeoutMs: 15_000 },
  async run(input, { weather, signal }) {
    const place = await weather.resolve(input.place, signal);
    return { place, ...(await weather.current(place, input.units, signal)) };
  },
});
