import * as z from 'zod/v4';
import { READS, sql } from '../database/results.js';
import { defineTool } from '../parts.js';

export const explain = defineTool({
  name: 'explain',
  title: 'Explain a query',
  description:
    'Shows how the database would run a query: its plan, the indexes, the expected cost.',
  input: z.object({ sql }),
  output: z.object({ plan: z.string().describe('In the words of the database') }),
  annotations: READS,
  scopes: ['database:query'],
  async run(input, { database, signal }) {
    return { plan: await database.explain(input.sql, signal) };
  },
});
