export { describeTable } from './describe-table.js';
export { explain } from './explain.js';
export { listTables } from './list-tables.js';
export { query } from './query.js';
export { sampleRows } from './sample-rows.js';
