import * as z from 'zod/v4';
import type { CallContext, Part } from '../kit/index.js';
import { apiToken, apiUrl } from '../kit/outbound/addresses.js';
import { bearer } from '../kit/outbound/credentials.js';
import { HttpApi } from '../kit/outbound/http-api.js';
import { byLink, pagesOf } from '../kit/outbound/pages.js';
import { settleEach } from '../kit/outbound/partial.js';
import { Order, type OrderStatus, Product } from './shapes.js';

const settings = { API_URL: apiUrl(), API_TOKEN: apiToken };

/** How the shop words its errors. */
const ShopError = z.object({ error: z.object({ message: z.string() }) });
const Products = z.object({ items: z.array(Product), nextCursor: z.string().nullable() });

/** The shop's largest page of orders. */
const PER_PAGE = 50;

/** The shop's API, with one method for each of its operations that tools need. */
export class Shop {
  constructor(private readonly api: HttpApi) {}

  /** One page of the products with these words in their name. */
  async products(
    page: { readonly words: string; readonly limit: number; readonly cursor: string | undefined },
    signal: AbortSignal,
  ): Promise<z.output<typeof Products>> {
    const { words, limit, cursor } = page;
    const query = { q: words, limit, cursor };
    return await this.api.get('/products', { schema: Products, query, signal });
  }

  /** The newest orders, out of as many pages as it takes. */
  async orders(
    status: OrderStatus | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ orders: Order[]; isComplete: boolean }> {
    const orders: Order[] = [];
    const pages = pagesOf(this.api, '/orders', {
      schema: z.array(Order),
      query: { status, per_page: Math.min(limit, PER_PAGE) },
      next: byLink,
      signal,
    });
    for await (const { data, hasMore } of pages) {
      orders.push(...data);
      if (orders.length >= limit || !hasMore) {
        return { orders: orders.slice(0, limit), isComplete: !hasMore && orders.length <= limit };
      }
    }
    return { orders, isComplete: false };
  }

  /** @throws {ToolError} `NOT_FOUND` */
  async order(id: string, signal: AbortSignal): Promise<Order> {
    return await this.api.get('/orders/{id}', { schema: Order, params: { id }, signal });
  }

  /** @throws {ToolError} `UPSTREAM_REJECTED` with the shop's reason, for example when something is sold out. */
  async createOrder(
    items: readonly { readonly productId: string; readonly quantity: number }[],
    signal: AbortSignal,
  ): Promise<Order> {
    return await this.api.post('/orders', {
      schema: Order,
      body: { items },
      // With it the request may be repeated: the shop knows an order that it has already.
      idempotencyKey: crypto.randomUUID(),
      signal,
    });
  }

  /** Ships what can be shipped, and tells of the others why not. */
  async ship(ids: readonly string[], ctx: Pick<CallContext, 'signal' | 'log'>) {
    const { signal } = ctx;
    return await settleEach(ids, ctx, (id) =>
      this.api.post('/orders/{id}/shipment', { schema: Order, params: { id }, signal }),
    );
  }
}

/** The shop at `API_URL`. */
export function shop() {
  return {
    settings,
    open(env) {
      const { API_URL, API_TOKEN } = env.config;
      return new Shop(
        new HttpApi(env, {
          name: 'The shop',
          baseUrl: API_URL,
          credential: bearer(API_TOKEN),
          messageOf: (body) => ShopError.safeParse(body).data?.error.message,
        }),
      );
    },
  } satisfies Part<typeof settings, Shop>;
}
