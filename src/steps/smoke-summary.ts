import type { StepResult, StepStatus } from '../model.js';

/**
 * The checks of a smoke test in a few lines: one per client, and every check that failed.
 * A check is called `<client> · <what>`.
 */
export function summariseSmoke(steps: readonly StepResult[]): StepResult[] {
  const groups = new Map<string, StepResult[]>();
  for (const step of steps) {
    const client = step.name.slice(0, Math.max(0, step.name.lastIndexOf(' · '))) || step.name;
    groups.set(client, [...(groups.get(client) ?? []), step]);
  }
  return [...groups].flatMap(([client, checks]) => {
    const count = (status: StepStatus) => checks.filter((check) => check.status === status).length;
    const failed = checks.filter((check) => check.status === 'failed');
    const proven = count('ok');
    const unproven = count('unproven');
    if (proven + unproven === 0) return failed;
    const detail = [
      proven === 1 ? '1 check' : `${proven} checks`,
      ...(unproven > 0 ? [`${unproven} not proven`] : []),
    ].join(', ');
    const ms = checks.reduce((sum, check) => sum + check.ms, 0);
    return [{ name: client, status: unproven > 0 ? 'unproven' : 'ok', ms, detail }, ...failed];
  });
}
