import * as z from 'zod/v4';
import { fullName } from '../kit/store/explorer.js';
import { definePrompt } from '../parts.js';

/** The prompt names at most this many tables; list_tables has the others. */
const MAX_TABLES = 100;

export const exploreSchema = definePrompt({
  name: 'explore_schema',
  title: 'Explore the schema',
  description: 'Asks for an overview of the database, and how to answer a question with it.',
  args: z.object({
    question: z.string().max(1_000).describe('What you want to know'),
  }),
  scopes: ['database:read'],
  async messages({ question }, { database, signal }) {
    const tables = await database.tables(signal);
    const text = [
      `I want to know: ${question}`,
      `The database has ${tables.length} tables and views:`,
      ...tables.slice(0, MAX_TABLES).map((one) => `- ${fullName(one)}${rowsOf(one.estimatedRows)}`),
      ...(tables.length > MAX_TABLES ? ['- … (list_tables has the others)'] : []),
      'Describe the tables that matter with describe_table, look at some of their rows with sample_rows, and then answer with one query.',
      'Say which tables and columns the answer comes from, and what it leaves out.',
    ].join('\n');
    return [{ role: 'user', content: { type: 'text', text } }];
  },
});

function rowsOf(estimate: number | null): string {
  return estimate === null ? '' : `, about ${estimate} rows`;
}
