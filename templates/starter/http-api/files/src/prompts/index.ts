export { reviewOrders } from './review-orders.js';
