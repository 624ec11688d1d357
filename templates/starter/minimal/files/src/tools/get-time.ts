import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { timeIn } from '../time/zones.js';

export const getTime = defineTool({
  name: 'get_time',
  title: 'Get time',
  description: 'Tells the current date and time in a time zone.',
  input: z.object({
    zone: z.string().min(1).max(64).default('UTC').describe('IANA name, such as Europe/Paris'),
  }),
  output: z.object({
    zone: z.string(),
    local: z.string().describe('Date and time on the wall there'),
    utc: z.string().describe('ISO 8601, UTC'),
  }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  run({ zone }) {
    const now = new Date();
    return { zone, local: timeIn(zone, now), utc: now.toISOString() };
  },
});
