import * as z from 'zod/v4';

export const tableName = z
  .string()
  .min(1)
  .max(200)
  .describe(
    'As list_tables returns it; with its schema, for example sales.orders, where there are several',
  );

export const sql = z
  .string()
  .min(1)
  .max(20_000)
  .describe('One query, without a semicolon at its end');

/** Rows of a query, each a list in the order of the columns. */
export const Rows = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.json())),
  isComplete: z.boolean().describe('false when there are more rows than these'),
});

export const Table = z.object({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(['table', 'view']),
  estimatedRows: z
    .number()
    .nullable()
    .describe('What the database believes; null when it does not know'),
  comment: z.string().nullable(),
});

export const TableDetails = Table.extend({
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      isNullable: z.boolean(),
      default: z.string().nullable(),
      comment: z.string().nullable(),
    }),
  ),
  primaryKey: z.array(z.string()),
  foreignKeys: z.array(
    z.object({
      columns: z.array(z.string()),
      references: z.object({ schema: z.string(), name: z.string(), columns: z.array(z.string()) }),
    }),
  ),
  indexes: z.array(z.object({ name: z.string(), definition: z.string() })),
});

/** Everything here only reads, and in a database that nobody else but its owner changes. */
export const READS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const;

/** A result leaves room for the words around it. */
export const BYTES_SHARE = 0.4;
