import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { Order, orderId } from '../shop/shapes.js';

export const shipOrders = defineTool({
  name: 'ship_orders',
  title: 'Ship orders',
  description:
    'Ships open orders. What cannot be shipped does not keep the others from it: look at `failed`, and repeat only what is retryable.',
  input: z.object({ ids: z.array(orderId).min(1).max(50).describe('As list_orders returns them') }),
  output: z.object({
    shipped: z.array(Order),
    failed: z.array(
      z.object({
        id: z.string(),
        code: z.string(),
        message: z.string(),
        retryable: z.boolean().describe('Whether the same may succeed later'),
      }),
    ),
  }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: true,
  },
  scopes: ['shop:write'],
  limits: { perMinute: 10 },
  async run({ ids }, ctx) {
    const { done, failed } = await ctx.shop.ship([...new Set(ids)], ctx);
    return {
      shipped: done.map(({ result }) => result),
      failed: failed.map(({ item, ...reason }) => ({ id: item, ...reason })),
    };
  },
});
