import * as z from 'zod/v4';
import { definePrompt } from '../parts.js';
import { fullName, placeInput } from '../weather/places.js';
import { show } from '../weather/results.js';

export const planOuting = definePrompt({
  name: 'plan_outing',
  title: 'Plan an outing',
  description: 'Asks for the best day of the next week for something outdoors.',
  args: z.object({
    place: placeInput,
    activity: z.string().max(200).default('a walk').describe('What you want to do'),
  }),
  scopes: ['weather:read'],
  async messages(args, { weather, signal }) {
    const place = await weather.resolve(args.place, signal);
    const { days, units } = await weather.forecast(place, 7, 'metric', signal);
    const text = [
      `On which day should I plan ${args.activity} in ${fullName(place)}? The forecast:`,
      ...days.map(
        (day) =>
          `- ${day.date}: ${day.conditions}, ${show(day.temperatureMin, units.temperatureMin)} to ${show(day.temperatureMax, units.temperatureMax)}, ` +
          `rain ${show(day.precipitation, units.precipitation)} (${show(day.precipitationProbability, units.precipitationProbability)}), ` +
          `wind up to ${show(day.windSpeedMax, units.windSpeedMax)}`,
      ),
      'Name the best day and the second best, say why, and what to take along.',
    ].join('\n');
    return [{ role: 'user', content: { type: 'text', text } }];
  },
});
