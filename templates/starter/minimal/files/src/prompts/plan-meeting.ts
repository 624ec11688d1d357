import * as z from 'zod/v4';
import { definePrompt } from '../parts.js';
import { timeIn } from '../time/zones.js';

export const planMeeting = definePrompt({
  name: 'plan_meeting',
  title: 'Plan a meeting',
  description: 'Asks for a time that suits people in several time zones.',
  args: z.object({
    zones: z.string().max(500).describe('IANA names, separated by commas'),
  }),
  messages(args) {
    const now = new Date();
    const zones = args.zones.split(',').map((zone) => zone.trim());
    const text = [
      'Propose three times for a meeting of one hour within the next two working days.',
      'Everyone should be within 8:00 and 18:00. It is now:',
      ...zones.map((zone) => `- ${zone}: ${timeIn(zone, now)}`),
    ].join('\n');
    return [{ role: 'user', content: { type: 'text', text } }];
  },
});
