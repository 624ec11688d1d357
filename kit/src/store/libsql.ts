/** New in Node.js 20.13, and not yet in its types. */
type ProcessReport = typeof process.report & { excludeNetwork: boolean };

/**
 * libsql, loaded at the start, while nobody is connected yet. To find its native part it makes a diagnostic report, for which
 * Node.js looks up the name of every peer, one after the other and in the event loop.
 */
const report = process.report as ProcessReport;
const { excludeNetwork } = report;
report.excludeNetwork = true;
export const { default: Database } = await import('libsql/promise');
report.excludeNetwork = excludeNetwork;

export type Database = InstanceType<typeof Database>;
