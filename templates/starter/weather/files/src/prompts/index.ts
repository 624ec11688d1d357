export { planOuting } from './plan-outing.js';
