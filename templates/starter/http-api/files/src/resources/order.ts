import { defineResourceTemplate } from '../parts.js';

/** Enough to choose from while somebody types. */
const OFFERED = 50;

export const order = defineResourceTemplate({
  name: 'order',
  uriTemplate: 'shop://orders/{id}',
  title: 'Order',
  description: 'One order with its items.',
  mimeType: 'application/json',
  scopes: ['shop:read'],
  complete: {
    async id(value, { shop, signal }) {
      const { orders } = await shop.orders(undefined, OFFERED, signal);
      return orders.map(({ id }) => id).filter((id) => id.startsWith(value));
    },
  },
  async read({ id = '' }, { shop, signal }) {
    return JSON.stringify(await shop.order(id, signal), null, 2);
  },
});
