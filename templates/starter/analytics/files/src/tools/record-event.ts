import * as z from 'zod/v4';
import { recordEvent as record } from '../analytics/events.js';
import { METRIC_NAMES } from '../analytics/metrics.js';
import { defineTool } from '../parts.js';
import { regionUri } from '../resources/region.js';

export const recordEvent = defineTool({
  name: 'record_event',
  title: 'Record event',
  description:
    'Records one value of a metric. With an `id` it counts once, however often it is sent: send one if you may have to repeat the call.',
  input: z.object({
    region: z.string().max(40).describe('As list_regions returns it'),
    metric: z.enum(METRIC_NAMES),
    value: z.number().min(0).max(1e12).describe('In the unit of the metric'),
    at: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('When it happened, ISO 8601 with a zone; by default now'),
    id: z.uuid().toLowerCase().optional().describe('A UUID of your own'),
  }),
  output: z.object({
    id: z.string(),
    isNew: z.boolean().describe('false: the id was recorded before, and nothing has changed'),
  }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  },
  scopes: ['metrics:write'],
  async run({ at, id = crypto.randomUUID(), ...rest }, { store, changes, signal }) {
    const event = { ...rest, id, at: at === undefined ? new Date() : new Date(at) };
    const isNew = await record(store, event, signal);
    if (isNew) changes.resourceUpdated(regionUri(event.region));
    return { id, isNew };
  },
});
