import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { Product, READS } from '../shop/shapes.js';

export const searchProducts = defineTool({
  name: 'search_products',
  title: 'Search products',
  description: 'Finds products by words in their name, with their price in cents and their stock.',
  input: z.object({
    words: z.string().max(100).default('').describe('Empty: all products'),
    limit: z.number().int().min(1).max(100).default(20).describe('How many products at the most'),
    cursor: z
      .string()
      .max(200)
      .optional()
      .describe('The `next` of the page before; absent: the first page'),
  }),
  output: z.object({
    products: z.array(Product),
    next: z.string().nullable().describe('Begins the next page; null: this is the last one'),
  }),
  annotations: READS,
  scopes: ['shop:read'],
  limits: { perMinute: 60 },
  async run({ words, limit, cursor }, { shop, signal }) {
    const { items, nextCursor } = await shop.products({ words, limit, cursor }, signal);
    return { products: items, next: nextCursor };
  },
});
