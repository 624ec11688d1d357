/** What every project with alerts has: a dashboard that can be read, and a runbook for exactly its alerts. */
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCatalog } from '../../src/catalog/load.js';
import { createPlan } from '../../src/plan/index.js';
import { everySpec, TEMPLATES, textOf, VERSION } from '../support/render.js';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit?: string;
      readonly min?: number;
      readonly mappings?: readonly unknown[];
      readonly thresholds?: {
        readonly steps: readonly { readonly color: string; readonly value: number | null }[];
      };
      readonly custom?: { readonly thresholdsStyle?: { readonly mode: string } };
    };
    readonly overrides: readonly { readonly matcher: { readonly options: string } }[];
  };
  readonly targets: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly refId: string;
  }[];
}

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

interface Monitoring {
  readonly label: string;
  readonly panels: readonly Panel[];
  readonly alerts: readonly Alert[];
  readonly tests: string;
  readonly runbook: string;
  /** The code that makes the metrics. */
  readonly source: string;
}

let projects: Monitoring[] = [];

beforeAll(async () => {
  const catalog = await loadCatalog(TEMPLATES);
  const specs = everySpec(catalog).filter(({ choices }) =>
    choices['observability']?.includes('prometheus'),
  );
  projects = specs.map((spec) => {
    const plan = createPlan(catalog, spec, VERSION);
    const { groups } = parse(textOf(plan, 'monitoring/alerts.yml'));
    const sources = [...plan.keys()].filter((path) => /^src\/.*\.ts$/.test(path));
    return {
      label: Object.values(spec.choices).join(' '),
      panels: JSON.parse(textOf(plan, 'monitoring/dashboard.json')).panels,
      alerts: groups.flatMap(({ rules }: { rules: Alert[] }) => rules),
      tests: textOf(plan, 'monitoring/alerts.test.yml'),
      runbook: textOf(plan, 'docs/runbook.md'),
      source: sources.map((path) => textOf(plan, path)).join('\n'),
    };
  });
}, 120_000);

/** What is wrong somewhere, each kind of mistake once. */
const mistakes = (find: (project: Monitoring) => readonly string[]) => [
  ...new Set(projects.flatMap(find)),
];

const eachPanel = (find: (panel: Panel, project: Monitoring) => readonly string[]) =>
  mistakes((project) =>
    project.panels.flatMap((panel) =>
      find(panel, project).map((mistake) => `${panel.title}: ${mistake}`),
    ),
  );

describe('a panel', () => {
  it('has a unit, or says what its numbers mean', () => {
    const wrong = eachPanel(({ fieldConfig: { defaults } }) => {
      const { unit = 'none', mappings = [] } = defaults;
      return unit === 'none' && mappings.length === 0 ? ['no unit'] : [];
    });
    expect(wrong).toEqual([]);
  });

  it('has one unit: shares, seconds and bytes are not drawn with counts', () => {
    const kindOf = (expr: string) =>
      /_bytes\b/.test(expr) ? 'bytes' : /histogram_quantile|_lag_seconds/.test(expr) ? 's' : null;
    const wrong = eachPanel(({ targets, fieldConfig }) => {
      const kinds = new Set(targets.map(({ expr }) => kindOf(expr)));
      const [kind] = kinds;
      if (kinds.size > 1) return ['several kinds of numbers'];
      return kind && kind !== fieldConfig.defaults.unit ? [`${kind} in another unit`] : [];
    });
    expect(wrong).toEqual([]);
  });

  it('has a legend for every query, which tells its series apart', () => {
    const wrong = eachPanel(({ targets }) =>
      targets.flatMap(({ expr, legendFormat }) => {
        const plain = legendFormat.replace(/\{\{\w+\}\}/g, '');
        if (legendFormat === '' || /[{}_]/.test(plain)) return [`legend ${legendFormat}`];
        const by = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? [];
        const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name);
        const needed = by.filter((label) => label !== 'le');
        return needed.filter((label) => !shown.includes(label)).map((label) => `no ${label}`);
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('has a description and thresholds that grow; a line is a threshold that is drawn', () => {
    const wrong = eachPanel(({ description, fieldConfig: { defaults } }) => {
      const steps = defaults.thresholds?.steps ?? [];
      const [first, ...more] = steps.map(({ value }) => value);
      const grows = more.every((value, index) => Number(value) > Number(more[index - 1] ?? 0));
      const isDrawn = defaults.custom?.thresholdsStyle?.mode === 'line';
      return [
        ...(description.endsWith('.') ? [] : ['no description']),
        ...(first === null && grows ? [] : ['no thresholds']),
        ...(isDrawn && more.length === 0 ? ['draws no threshold'] : []),
        ...(/The line is/.test(description) && !isDrawn ? ['speaks of a line'] : []),
      ];
    });
    expect(wrong).toEqual([]);
  });

  it('has a place of its own, an id of its own, and targets of their own', () => {
    const wrong = mistakes(({ panels }) => {
      const places = panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)} ${title}`),
      );
      const taken = new Map<string, string>();
      const overlaps = places.flatMap((place) => {
        const [at = '', ...title] = place.split(' ');
        const other = taken.get(at);
        taken.set(at, title.join(' '));
        return other === undefined ? [] : [`${title.join(' ')} on ${other}`];
      });
      const ids = panels.map(({ id }) => id);
      const refs = panels.filter(
        ({ targets }) => new Set(targets.map(({ refId }) => refId)).size < targets.length,
      );
      return [
        ...overlaps,
        ...(new Set(ids).size < ids.length ? ['an id twice'] : []),
        ...refs.map(({ title }) => `${title}: a refId twice`),
      ];
    });
    expect(wrong).toEqual([]);
  });

  it('names a series in its overrides that it has', () => {
    const wrong = eachPanel(({ fieldConfig, targets }, { source }) =>
      fieldConfig.overrides
        .map(({ matcher }) => matcher.options)
        .filter((name) =>
          targets.every(({ legendFormat }) => {
            // A legend that is a label shows its values, which the server names.
            const isLabel = /^\{\{\w+\}\}$/.test(legendFormat);
            return isLabel ? !source.includes(`'${name}'`) : legendFormat !== name;
          }),
        ),
    );
    expect(wrong).toEqual([]);
  });
});

/** Names of metrics in a query, without what Prometheus adds to them. */
const metricsOf = (expr: string) =>
  [...expr.matchAll(/\b(\w+)\{/g)]
    .map(([, name = '']) => name.replace(/_(?:bucket|count|sum)$/, ''))
    .filter((name) => name !== 'up');

it('queries ask for metrics that this server has', () => {
  const wrong = mistakes(({ panels, alerts, source }) => {
    const queries = [...panels.flatMap(({ targets }) => targets), ...alerts];
    return queries
      .flatMap(({ expr }) => metricsOf(expr))
      .filter((name) => !source.includes(`'${name}'`));
  });
  expect(wrong).toEqual([]);
});

it('every metric is on the dashboard', () => {
  const wrong = mistakes(({ panels, source }) => {
    const made = [...source.matchAll(/'((?:mcp|process|nodejs)_\w+_\w+)'/g)].map(
      ([, name = '']) => name,
    );
    const shown = new Set(
      panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsOf(expr))),
    );
    // Without dependencies there is none to show.
    shown.add('mcp_dependency_up');
    // Nobody fails to authenticate where nobody has to: the figure is not registered there.
    if (source.includes('isOpen: true')) shown.add('mcp_auth_failures_total');
    return made.filter((name) => !shown.has(name) && !/_name$/.test(name));
  });
  expect(wrong).toEqual([]);
});

it('alerts have a severity, a sentence, a test and their section in the runbook, and it has no others', () => {
  const wrong = mistakes(({ label, alerts, tests, runbook }) => {
    const sections = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, name = '']) => name);
    const names = alerts.map(({ alert }) => alert);
    const others = sections.filter((name) => !names.includes(name));
    return [
      ...others.map((name) => `${name} has no alert (${label})`),
      ...alerts.flatMap(({ alert, labels, annotations: { summary, runbook: link } }) => [
        ...(/^(?:critical|warning)$/.test(labels.severity) ? [] : [`${alert}: severity`]),
        ...(summary.endsWith('.') ? [] : [`${alert}: summary`]),
        ...(link === `docs/runbook.md#${alert.toLowerCase()}` ? [] : [`${alert}: link`]),
        ...(sections.includes(alert) ? [] : [`${alert}: no section (${label})`]),
        ...(tests.includes(`alertname: ${alert}\n        exp_alerts`) ? [] : [`${alert}: no test`]),
      ]),
    ];
  });
  expect(wrong).toEqual([]);
});

it('what the runbook quotes is a panel', () => {
  const wrong = mistakes(({ label, panels, runbook }) => {
    const quoted = [...runbook.matchAll(/(?<!`)"([A-Z][^"]+)"/g)].map(([, title = '']) => title);
    return quoted
      .filter((title) => !panels.some((panel) => panel.title === title))
      .map((title) => `${title} (${label})`);
  });
  expect(wrong).toEqual([]);
});
