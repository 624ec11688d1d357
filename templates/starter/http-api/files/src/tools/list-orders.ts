import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { Order, orderStatus, READS } from '../shop/shapes.js';

export const listOrders = defineTool({
  name: 'list_orders',
  title: 'List orders',
  description: 'Lists orders, the newest first.',
  input: z.object({
    status: orderStatus.optional().describe('Absent: orders of every status'),
    limit: z.number().int().min(1).max(200).default(50).describe('How many orders at the most'),
  }),
  output: z.object({
    orders: z.array(Order),
    isComplete: z.boolean().describe('false: there are more orders than these'),
  }),
  annotations: READS,
  scopes: ['shop:read'],
  limits: { perMinute: 30 },
  async run({ status, limit }, { shop, signal }) {
    return await shop.orders(status, limit, signal);
  },
});
