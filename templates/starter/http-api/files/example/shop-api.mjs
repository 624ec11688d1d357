// Stands in for the API of a shop: pages, errors, limits, ETags, idempotency. `node example/shop-api.mjs 4010`
import { serve } from './stand-in.mjs';

const TOKEN = 'stand-in';
const PER_MINUTE = 600;
const NAMES = ['Green tea', 'Black tea', 'Coffee beans', 'Tea pot', 'Coffee mill', 'Milk jug'];

let products;
let orders;
let known;
let used;

function reset() {
  products = NAMES.map((name, index) => ({
    id: `p-${index + 1}`,
    name,
    priceCents: 500 + 350 * index,
    stock: index === 4 ? 0 : 40,
    supplier: 'Leaf & Bean',
  }));
  orders = Array.from({ length: 64 }, (_, index) => ({
    id: `o-${index + 1}`,
    customer: ['Ada', 'Grace', 'Linus'][index % 3],
    status: ['open', 'shipped', 'cancelled', 'open'][index % 4],
    createdAt: new Date(Date.UTC(2026, 0, 1, index)).toISOString(),
    totalCents: 500 + 350 * (index % 6),
    items: [{ productId: `p-${(index % 6) + 1}`, quantity: 1 }],
  }));
  known = new Map();
  used = { since: Date.now(), count: 0 };
}

const fail = (status, message, headers = {}) => ({ status, headers, body: { error: { message } } });
const notFound = (what) => fail(404, `There is no ${what}.`);

/** A page of products; the cursor is the last id of the page before. */
function listProducts({ url: { searchParams } }) {
  const words = (searchParams.get('q') ?? '').toLowerCase();
  const limit = Number(searchParams.get('limit') ?? 20);
  if (!(limit >= 1 && limit <= 100)) return fail(400, 'limit must be between 1 and 100.');
  const cursor = searchParams.get('cursor');
  const start = cursor === null ? 0 : products.findIndex(({ id }) => id === cursor) + 1;
  if (cursor !== null && start === 0) return fail(400, 'cursor is not one of this list.');
  const found = products.slice(start).filter(({ name }) => name.toLowerCase().includes(words));
  const items = found.slice(0, limit);
  const nextCursor = found.length > limit ? items.at(-1).id : null;
  return { headers: { 'cache-control': 'private, max-age=30' }, body: { items, nextCursor } };
}

/** A page of orders, the newest first, with a link to the next one. */
function listOrders({ url }) {
  const status = url.searchParams.get('status');
  const page = Number(url.searchParams.get('page') ?? 1);
  const perPage = Number(url.searchParams.get('per_page') ?? 20);
  if (!(perPage >= 1 && perPage <= 50)) return fail(400, 'per_page must be between 1 and 50.');
  const found = orders.filter((order) => status === null || order.status === status).reverse();
  const next = new URL(url);
  next.searchParams.set('page', page + 1);
  const isLast = found.length <= page * perPage;
  const headers = isLast ? {} : { link: `<${next.pathname}${next.search}>; rel="next"` };
  return { headers, body: found.slice((page - 1) * perPage, page * perPage) };
}

function createOrder({ headers, body }) {
  const key = headers['idempotency-key'];
  if (known.has(key)) return { status: 201, body: known.get(key) };
  if (!Array.isArray(body?.items) || body.items.length === 0) return fail(422, 'items is empty.');
  let totalCents = 0;
  for (const { productId, quantity } of body.items) {
    const product = products.find(({ id }) => id === productId);
    if (product === undefined) return fail(422, `${productId} is not a product.`);
    if (product.stock < quantity) return fail(422, `${product.name}: only ${product.stock} left.`);
    totalCents += product.priceCents * quantity;
  }
  for (const { productId, quantity } of body.items) {
    products.find(({ id }) => id === productId).stock -= quantity;
  }
  const order = {
    id: `o-${orders.length + 1}`,
    customer: 'MCP',
    status: 'open',
    createdAt: new Date().toISOString(),
    totalCents,
    items: body.items,
  };
  orders.push(order);
  if (key !== undefined) known.set(key, order);
  return { status: 201, body: order };
}

function getOrder(_, id) {
  const order = orders.find((one) => one.id === id);
  return order === undefined ? notFound(`order ${id}`) : { body: order };
}

function shipOrder(_, id) {
  const order = orders.find((one) => one.id === id);
  if (order === undefined) return notFound(`order ${id}`);
  if (order.status === 'cancelled') return fail(409, `Order ${id} is cancelled.`);
  order.status = 'shipped';
  return { body: order };
}

const ROUTES = [
  ['GET', /^\/v1\/products$/, listProducts],
  ['GET', /^\/v1\/orders$/, listOrders],
  ['POST', /^\/v1\/orders$/, createOrder],
  ['GET', /^\/v1\/orders\/([^/]+)$/, getOrder],
  ['POST', /^\/v1\/orders\/([^/]+)\/shipment$/, shipOrder],
];

/** Counts requests, by the minute. */
function limited() {
  if (Date.now() - used.since > 60_000) used = { since: Date.now(), count: 0 };
  used.count += 1;
  const seconds = Math.ceil((used.since + 60_000 - Date.now()) / 1_000);
  const headers = {
    'x-ratelimit-limit': PER_MINUTE,
    'x-ratelimit-remaining': Math.max(PER_MINUTE - used.count, 0),
    'x-ratelimit-reset': seconds,
  };
  return { headers, isOver: used.count > PER_MINUTE, seconds };
}

reset();
serve((request) => {
  if (request.headers.authorization !== `Bearer ${TOKEN}`) return fail(401, 'The token is wrong.');
  const { headers, isOver, seconds } = limited();
  if (isOver) return fail(429, 'Too many requests.', { ...headers, 'retry-after': seconds });
  for (const [method, path, handle] of ROUTES) {
    const [, id] = path.exec(request.url.pathname) ?? [];
    if (method !== request.method || !path.test(request.url.pathname)) continue;
    const answer = handle(request, id === undefined ? undefined : decodeURIComponent(id));
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }
  return notFound(`${request.method} ${request.url.pathname}`);
}, reset);
