export { order } from './order.js';
