import * as z from 'zod/v4';
import { READS, TableDetails, tableName } from '../database/results.js';
import { defineTool } from '../parts.js';

export const describeTable = defineTool({
  name: 'describe_table',
  title: 'Describe a table',
  description: 'Returns the columns, keys, references and indexes of one table.',
  input: z.object({ table: tableName }),
  output: TableDetails,
  annotations: READS,
  scopes: ['database:read'],
  async run({ table }, { database, signal }) {
    return TableDetails.parse(await database.table(table, signal));
  },
});
