import * as z from 'zod/v4';

// What the server uses of the API's answers: other fields may come and go. Results of tools have the same shapes.

export const Product = z.object({
  id: z.string(),
  name: z.string(),
  priceCents: z.number().int(),
  stock: z.number().int().describe('How many there are'),
});

export const orderStatus = z.enum(['open', 'shipped', 'cancelled']);
export type OrderStatus = z.output<typeof orderStatus>;

export const Order = z.object({
  id: z.string(),
  customer: z.string(),
  status: orderStatus,
  createdAt: z.string().describe('ISO 8601, UTC'),
  totalCents: z.number().int(),
  items: z.array(z.object({ productId: z.string(), quantity: z.number().int() })),
});
export type Order = z.output<typeof Order>;

export const orderId = z.string().min(1).max(50);
export const productId = z.string().min(1).max(50);

/** The shop changes also without this server, so what is read now can be different later. */
export const READS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
} as const;
