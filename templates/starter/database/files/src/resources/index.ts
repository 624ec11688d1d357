export { table } from './table.js';
export { tables } from './tables.js';
