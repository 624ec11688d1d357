import * as z from 'zod/v4';
import { definePrompt } from '../parts.js';

/** A prompt that is too long helps nobody; list_orders has the others. */
const MAX_ORDERS = 30;

export const reviewOrders = definePrompt({
  name: 'review_orders',
  title: 'Review the open orders',
  description: 'Asks which open orders to ship first, and what stands in the way.',
  args: z.object({
    focus: z.string().max(200).default('the oldest first').describe('What matters most'),
  }),
  scopes: ['shop:read'],
  async messages({ focus }, { shop, signal }) {
    const { orders, isComplete } = await shop.orders('open', MAX_ORDERS, signal);
    const text = [
      `Review the open orders of the shop. What matters most: ${focus}.`,
      ...orders.map(
        ({ id, customer, createdAt, items }) =>
          `- ${id}: ${customer}, ${createdAt}, ${items.map((item) => `${item.quantity} × ${item.productId}`).join(', ')}`,
      ),
      ...(isComplete ? [] : ['- … (list_orders has the others)']),
      'Check the stock with search_products. Propose which orders to ship now, and ship them only when I agree.',
    ].join('\n');
    return [{ role: 'user', content: { type: 'text', text } }];
  },
});
