import { ToolError } from '../kit/index.js';
import type { SqlRunner } from '../kit/store/sql.js';
import { sql } from '../kit/store/statement.js';
import { bucketsOf } from './days.js';
import type { Metric } from './metrics.js';
import { requireRegions } from './regions.js';

export interface AnalyticsEvent {
  readonly id: string;
  readonly region: string;
  readonly metric: Metric;
  readonly value: number;
  readonly at: Date;
}

/**
 * Records an event unless its id is there already: whoever does not know whether it was recorded sends it again.
 * @returns whether it is new
 * @throws {ToolError} `NOT_FOUND` when there is no such region.
 */
export async function recordEvent(
  db: SqlRunner,
  event: AnalyticsEvent,
  signal: AbortSignal,
): Promise<boolean> {
  await requireRegions(db, [event.region], signal);
  try {
    await insertEvents(db, [event], signal);
    return true;
  } catch (error) {
    if (error instanceof ToolError && error.code === 'ALREADY_EXISTS') return false;
    throw error;
  }
}

/** Adds events in one statement. @throws {ToolError} `ALREADY_EXISTS` when the id of one is there already. */
export async function insertEvents(
  db: SqlRunner,
  events: readonly AnalyticsEvent[],
  signal?: AbortSignal,
): Promise<void> {
  const rows = events.map(({ id, region, metric, value, at }) => {
    const { day, week, month } = bucketsOf(at);
    return sql`(${id}, ${region}, ${metric}, ${value}, ${at}, ${day}, ${week}, ${month})`;
  });
  await db.execute(
    sql`INSERT INTO events (id, region, metric, value, happened_at, day, week, month)
        VALUES ${sql.join(rows)}`,
    signal,
  );
}
