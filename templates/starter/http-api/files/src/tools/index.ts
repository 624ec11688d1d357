export { createOrder } from './create-order.js';
export { listOrders } from './list-orders.js';
export { searchProducts } from './search-products.js';
export { shipOrders } from './ship-orders.js';
