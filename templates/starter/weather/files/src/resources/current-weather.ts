import { defineResourceTemplate } from '../parts.js';
import { fullName } from '../weather/places.js';
import { show } from '../weather/results.js';

/** The search finds nothing for less. */
const MIN_TYPED = 2;

export const currentWeather = defineResourceTemplate({
  name: 'current_weather',
  uriTemplate: 'weather://current/{place}',
  title: 'Current weather',
  description: 'The weather at a place now, in words.',
  mimeType: 'text/plain',
  scopes: ['weather:read'],
  cacheSeconds: 600,
  complete: {
    async place(value, { weather, signal }) {
      if (value.trim().length < MIN_TYPED) return [];
      return (await weather.find(value.trim(), 20, signal)).map(fullName);
    },
  },
  async read({ place: text = '' }, { weather, signal }) {
    const place = await weather.resolve(text, signal);
    const now = await weather.current(place, 'metric', signal);
    const { units } = now;
    return [
      `${fullName(place)}, ${now.time} (${now.timezone}): ${now.conditions}`,
      `Temperature: ${show(now.temperature, units.temperature)}, feels like ${show(now.feelsLike, units.feelsLike)}`,
      `Humidity: ${show(now.humidity, units.humidity)}`,
      `Precipitation: ${show(now.precipitation, units.precipitation)}`,
      `Wind: ${show(now.windSpeed, units.windSpeed)} from ${show(now.windDirection, units.windDirection)}`,
    ].join('\n');
  },
});
