import { ToolError } from '../kit/index.js';
import type { SqlRunner } from '../kit/store/sql.js';
import { type Sql, sql } from '../kit/store/statement.js';
import { BUCKETS, type Bucket, type DayRange, daysBefore } from './days.js';
import type { Aggregate, Metric } from './metrics.js';
import { requireRegions } from './regions.js';

/** What an aggregate is in SQL, over the values that `of` gives. */
const FUNCTIONS: Readonly<Record<Aggregate, (of: Sql) => Sql>> = {
  sum: (of) => sql`sum(${of})`,
  avg: (of) => sql`avg(${of})`,
  min: (of) => sql`min(${of})`,
  max: (of) => sql`max(${of})`,
  count: (of) => sql`count(${of})`,
};

/** How many points a series may have: more is nothing that a model should read. */
const MAX_POINTS = 1_000;

export interface MetricQuery extends DayRange {
  readonly metric: Metric;
  readonly aggregate: Aggregate;
}

export interface Point {
  /** The first day of the bucket. */
  readonly bucket: string;
  readonly region: string;
  readonly value: number;
  readonly events: number;
}

/**
 * A metric over time, aggregated by the database. Buckets without events are left out.
 * @throws {ToolError} `NOT_FOUND` for an unknown region, `OUTPUT_TOO_LARGE` for more than 1,000 points.
 */
export async function querySeries(
  db: SqlRunner,
  query: MetricQuery & {
    readonly bucket: Bucket;
    readonly regions?: readonly string[] | undefined;
  },
  signal: AbortSignal,
): Promise<Point[]> {
  const { metric, aggregate, bucket, from, to, regions } = query;
  if (regions !== undefined) await requireRegions(db, regions, signal);
  const column = sql.identifier(bucket, BUCKETS);
  const points = await db.query<Point>(
    sql`SELECT ${column} AS bucket, region, ${FUNCTIONS[aggregate](sql`value`)} AS value, count(*) AS events
        FROM events
        WHERE metric = ${metric} AND day >= ${from} AND day <= ${to}
        ${sql.given(regions, (ids) => sql`AND ${sql.in(sql`region`, ids)}`)}
        GROUP BY ${column}, region ORDER BY ${column}, region LIMIT ${MAX_POINTS + 1}`,
    signal,
  );
  if (points.length <= MAX_POINTS) return points;
  throw new ToolError('OUTPUT_TOO_LARGE', `The answer has more than ${MAX_POINTS} points.`, {
    suggestions: ['Use a larger bucket, fewer regions or a shorter range.'],
  });
}

export interface Comparison {
  readonly region: string;
  readonly name: string;
  /** `null`: no events. */
  readonly value: number | null;
  readonly before: number | null;
  /** Of the value before: 0.1 is a tenth more. `null` where that says nothing. */
  readonly change: number | null;
}

interface ComparisonRow {
  readonly region: string;
  readonly name: string;
  readonly now_value: number | null;
  readonly old_value: number | null;
}

/** A metric of every region in a range and in the days before it, the largest first. One look at the events does for both. */
export async function compareRegions(
  db: SqlRunner,
  { metric, aggregate, ...range }: MetricQuery,
  signal: AbortSignal,
): Promise<Comparison[]> {
  const { from } = daysBefore(range);
  const aggregated = FUNCTIONS[aggregate];
  const rows = await db.query<ComparisonRow>(
    sql`SELECT regions.id AS region, name,
          ${aggregated(sql`CASE WHEN day >= ${range.from} THEN value END`)} AS now_value,
          ${aggregated(sql`CASE WHEN day < ${range.from} THEN value END`)} AS old_value
        FROM regions
        LEFT JOIN events ON region = regions.id AND metric = ${metric}
          AND day >= ${from} AND day <= ${range.to}
        GROUP BY regions.id, name ORDER BY regions.id`,
    signal,
  );
  return rows
    .map(({ region, name, now_value: value, old_value: before }) => {
      const change = value === null || !before ? null : (value - before) / before;
      return { region, name, value, before, change };
    })
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
}
