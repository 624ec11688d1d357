import * as z from 'zod/v4';
import { listRegions as list, Region } from '../analytics/regions.js';
import { defineTool } from '../parts.js';

export const listRegions = defineTool({
  name: 'list_regions',
  title: 'List regions',
  description: 'Lists the regions, with the first and the last day that each has events for.',
  input: z.object({}),
  output: z.object({ regions: z.array(Region) }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  scopes: ['metrics:read'],
  async run(_input, { store, signal }) {
    return { regions: await list(store, signal) };
  },
});
