import type { StepResult } from '../model.js';

/**
 * The checks of a smoke test in a few lines: one per client for what went well, and every check that did not.
 * A check is called `<client> · <what>`.
 */
export function summariseSmoke(steps: readonly StepResult[]): StepResult[] {
  const groups = new Map<string, StepResult[]>();
  for (const step of steps) {
    const client = step.name.slice(0, Math.max(0, step.name.lastIndexOf(' · '))) || step.name;
    groups.set(client, [...(groups.get(client) ?? []), step]);
  }
  return [...groups].flatMap(([client, checks]) => {
    const good = checks.filter((check) => check.status === 'ok');
    const other = checks.filter(
      (check) => check.status === 'failed' || check.status === 'unproven',
    );
    const ms = checks.reduce((sum, check) => sum + check.ms, 0);
    const detail = good.length === 1 ? '1 check' : `${good.length} checks`;
    const summary: StepResult = { name: client, status: 'ok', ms, detail };
    return good.length > 0 ? [summary, ...other] : other;
  });
}
