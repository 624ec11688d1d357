import * as z from 'zod/v4';
import { BYTES_SHARE, READS, Rows, sql } from '../database/results.js';
import { defineTool } from '../parts.js';

export const query = defineTool({
  name: 'query',
  title: 'Query the database',
  description:
    'Runs one SQL query that only reads, and returns its rows. Look at list_tables and describe_table first; name the columns that you need.',
  input: z.object({
    sql,
    limit: z.number().int().min(1).max(1_000).default(100).describe('How many rows at the most'),
  }),
  output: Rows,
  annotations: READS,
  scopes: ['database:query'],
  limits: { perMinute: 60 },
  async run(input, { database, config, signal }) {
    const limits = { maxRows: input.limit, maxBytes: config.MAX_OUTPUT_BYTES * BYTES_SHARE };
    return await database.query(input.sql, limits, signal);
  },
});
