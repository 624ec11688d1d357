import type { SqlRunner } from '../kit/store/sql.js';
import { sql } from '../kit/store/statement.js';
import { addDays, dayOf } from './days.js';
import { type AnalyticsEvent, insertEvents } from './events.js';
import { METRIC_NAMES, type Metric } from './metrics.js';

const DAYS = 90;
/** How large the figures of a day are about. */
const TYPICAL: Readonly<Record<Metric, number>> = {
  visits: 2_400,
  orders: 120,
  revenue: 5_300,
  latency: 85,
};

/** Adds 90 days of sample figures, up to today, to a database that has no events. @returns what it has done */
export async function addSampleEvents(tx: SqlRunner): Promise<string> {
  const { n } = await tx.one<{ n: number }>(sql`SELECT count(*) AS n FROM events`);
  if (n > 0) return `The database has ${n} events already: nothing was added.`;
  const regions = await tx.query<{ id: string }>(sql`SELECT id FROM regions ORDER BY id`);
  const today = dayOf(new Date());
  for (let index = 0; index < DAYS; index += 1) {
    const day = addDays(today, index + 1 - DAYS);
    const events = regions.flatMap(({ id }, place) =>
      METRIC_NAMES.map((metric) => sampleOf(id, place, metric, day, index)),
    );
    await insertEvents(tx, events);
  }
  return `Added ${DAYS * regions.length * METRIC_NAMES.length} events of ${DAYS} days.`;
}

/** Regions differ, weekends are quiet, and things grow: enough to ask about, and the same every time. */
function sampleOf(
  region: string,
  place: number,
  metric: Metric,
  day: string,
  index: number,
): AnalyticsEvent {
  const at = new Date(day);
  const isWeekend = at.getUTCDay() % 6 === 0;
  const growth = metric === 'latency' ? 1 : 1 + index / 200;
  const size = 1 + place * 0.35;
  const wave = 1 + 0.15 * Math.sin(index * 0.9 + place * 2);
  const value = Math.round(TYPICAL[metric] * size * growth * wave * (isWeekend ? 0.6 : 1));
  return { id: crypto.randomUUID(), region, metric, value, at };
}
