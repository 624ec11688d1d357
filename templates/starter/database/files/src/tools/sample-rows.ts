import * as z from 'zod/v4';
import { BYTES_SHARE, READS, Rows, tableName } from '../database/results.js';
import { defineTool } from '../parts.js';

export const sampleRows = defineTool({
  name: 'sample_rows',
  title: 'Sample rows',
  description:
    'Returns some rows of a table, in no particular order, to see what its values look like.',
  input: z.object({
    table: tableName,
    limit: z.number().int().min(1).max(100).default(5).describe('How many rows at the most'),
  }),
  output: Rows,
  annotations: READS,
  scopes: ['database:query'],
  async run({ table, limit }, { database, config, signal }) {
    const limits = { maxRows: limit, maxBytes: config.MAX_OUTPUT_BYTES * BYTES_SHARE };
    return await database.sample(table, limits, signal);
  },
});
