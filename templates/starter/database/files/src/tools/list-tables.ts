import * as z from 'zod/v4';
import { READS, Table } from '../database/results.js';
import { fullName } from '../kit/store/explorer.js';
import { defineTool } from '../parts.js';

export const listTables = defineTool({
  name: 'list_tables',
  title: 'List tables',
  description: 'Lists the tables and views that can be queried, with an estimate of their rows.',
  input: z.object({
    contains: z.string().max(100).default('').describe('Part of the name; empty: all tables'),
    after: z
      .string()
      .max(200)
      .default('')
      .describe('The `next` of the page before; empty: the first page'),
    limit: z.number().int().min(1).max(500).default(200).describe('How many tables at the most'),
  }),
  output: z.object({
    tables: z.array(Table),
    next: z.string().nullable().describe('Begins the next page; null: this is the last one'),
  }),
  annotations: READS,
  scopes: ['database:read'],
  async run({ contains, after, limit }, { database, signal }) {
    const wanted = contains.toLowerCase();
    const all = (await database.tables(signal)).filter(({ name }) =>
      name.toLowerCase().includes(wanted),
    );
    // The table of `after` may be gone by now.
    const rest = all.filter((table) => fullName(table) > after);
    const tables = rest.slice(0, limit);
    const last = tables.at(-1);
    const next = last !== undefined && rest.length > limit ? fullName(last) : null;
    return { tables, next };
  },
});
