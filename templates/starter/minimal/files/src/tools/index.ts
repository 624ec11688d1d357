export { getTime } from './get-time.js';
