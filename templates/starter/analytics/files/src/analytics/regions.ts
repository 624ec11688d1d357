import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import type { SqlRunner } from '../kit/store/sql.js';
import { sql } from '../kit/store/statement.js';

export const Region = z.object({
  id: z.string(),
  name: z.string(),
  firstDay: z.string().nullable().describe('Of its events, UTC; null: it has none'),
  lastDay: z.string().nullable(),
});
export type Region = z.output<typeof Region>;

interface Row {
  readonly id: string;
  readonly name: string;
  readonly first_day: string | null;
  readonly last_day: string | null;
}

/** All regions. Each first and last day is one look into an index, however many events there are. */
export async function listRegions(db: SqlRunner, signal: AbortSignal): Promise<Region[]> {
  const rows = await db.query<Row>(
    sql`SELECT id, name,
          (SELECT min(day) FROM events WHERE region = regions.id) AS first_day,
          (SELECT max(day) FROM events WHERE region = regions.id) AS last_day
        FROM regions ORDER BY id`,
    signal,
  );
  return rows.map(({ id, name, first_day, last_day }) => ({
    ...{ id, name },
    ...{ firstDay: first_day, lastDay: last_day },
  }));
}

/** @throws {ToolError} `NOT_FOUND` with the regions that exist, when one of these does not. */
export async function requireRegions(
  db: SqlRunner,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const known = (
    await db.query<{ id: string }>(sql`SELECT id FROM regions ORDER BY id`, signal)
  ).map(({ id }) => id);
  const missing = ids.find((id) => !known.includes(id));
  if (missing === undefined) return;
  throw new ToolError('NOT_FOUND', `No region is called ${JSON.stringify(missing)}.`, {
    suggestions: [`Use one of: ${known.join(', ')}.`],
  });
}
