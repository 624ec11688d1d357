import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { Order, productId } from '../shop/shapes.js';

export const createOrder = defineTool({
  name: 'create_order',
  title: 'Create an order',
  description:
    'Orders products in the name of this server. Look up their ids with search_products, and ask before you order.',
  input: z.object({
    items: z
      .array(z.object({ productId, quantity: z.number().int().min(1).max(1_000) }))
      .min(1)
      .max(50),
  }),
  output: Order,
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: true,
  },
  scopes: ['shop:write'],
  limits: { perMinute: 10 },
  async run({ items }, { shop, signal }) {
    return await shop.createOrder(items, signal);
  },
});
