/** What a project says in its texts is about the choices that were made, and about no others. */
import { dirname } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Plan, ProjectSpec } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { everySpec, TEMPLATES, textOf, VERSION } from '../support/render.js';

/** What people read; the guide to identity providers is about many of them. */
const READ =
  /^(?:(?:src\/kit\/)?README\.md|SECURITY\.md|docs\/(?!auth-providers).*\.md|policy\.yaml|\.env\.example|compose\.yaml|fly\.toml|deploy\/.*|monitoring\/.*)$/;

type Has = (...choices: string[]) => boolean;

/** Words that speak of a choice, and whether a project has made it. */
const WORDS: readonly (readonly [about: string, made: (has: Has) => boolean, words: RegExp])[] = [
  ['HTTP', (has) => has('transport/http'), /over HTTP|readyz|SIGTERM|TRUST_PROXY|MCP_|curl/],
  ['stdio', (has) => has('transport/stdio'), /stdio/i],
  ['a gateway', (has) => has('starter/gateway'), /\bgateway\.yaml|GATEWAY_|\bclock_|dist\/clock/],
  ['sessions', (has) => has('transport/sessions'), /\bsessions?\b(?! affinity)|SESSION_/i],
  [
    'auth',
    (has) => !has('auth/none'),
    /(?<!maxmemory-)policy|scopes?\b|approv|credential(?!s_file)|\b401\b|--role|\brights\b|AuthFailures|signs? in/i,
  ],
  ['API keys', (has) => has('auth/api-key'), /MCP_API_KEYS|keys\.mjs|x-api-key|\bAPI keys?\b/i],
  ['JWT', (has) => has('auth/jwt'), /JWT_|token\.mjs/],
  ['OAuth', (has) => has('auth/oauth'), /oauth/i],
  ['tokens', (has) => has('auth/jwt') || has('auth/oauth'), /\bclaims?\b|issuer|JWKS|TOKEN_CACHE/i],
  ['PostgreSQL', (has) => has('datastore/postgres'), /postgres|\bpg_/i],
  ['MySQL', (has) => has('datastore/mysql'), /mysql|mariadb|PROCESSLIST/i],
  ['MongoDB', (has) => has('datastore/mongodb'), /mongo|CREATE_INDEXES|currentOp/i],
  [
    'a pool',
    (has) =>
      has('datastore/postgres') ||
      has('datastore/mysql') ||
      has('datastore/mongodb') ||
      has('datastore/elasticsearch') ||
      has('starter/database'),
    /\bpool\b|PoolExhausted/i,
  ],
  ['SQLite', (has) => has('datastore/sqlite'), /sqlite|database file|file:data|file:\/data/i],
  [
    'Elasticsearch',
    (has) => has('datastore/elasticsearch'),
    /elasticsearch|opensearch|\bindices\b|DATABASE_API_KEY/i,
  ],
  ['a store', (has) => !has('datastore/none'), /database|STORE_|ctx\.store|datastore|migrations/i],
  ['Redis', (has) => has('state/redis') || has('datastore/redis'), /redis/i],
  ['shared state', (has) => has('state/redis'), /REDIS_URL|RedisDown|LIMITS_UNAVAILABLE/],
  ['a key-value store', (has) => has('datastore/redis'), /valkey|noeviction|DATABASE_PREFIX/i],
  [
    'migrations',
    (has) =>
      has('datastore/sqlite') ||
      has('datastore/postgres') ||
      has('datastore/mysql') ||
      has('datastore/elasticsearch'),
    /migrat(?!ion\/)/i,
  ],
  [
    'SQL',
    (has) => has('datastore/sqlite') || has('datastore/postgres') || has('datastore/mysql'),
    /(?<!an )\bSQL\b|missing index/,
  ],
  ['Docker', (has) => has('deploy/docker'), /docker compose|compose\.yaml/i],
  ['Fly.io', (has) => has('deploy/fly'), /\bfly\b|fly\.io/i],
  [
    'Kubernetes',
    (has) => has('deploy/k8s'),
    /kubernetes|kubectl|kustomize|ConfigMap|ingress|\bpods?\b/i,
  ],
  ['containers', (has) => !has('deploy/none'), /dockerfile|\bcontainers?\b/i],
  [
    'alerts',
    (has) => has('observability/prometheus'),
    /promtool|grafana|dashboard|runbook|monitoring\//i,
  ],
  [
    'traces',
    (has) => has('observability/opentelemetry'),
    /OTEL_|opentelemetry|collector|trace_id/i,
  ],
  ['notes', (has) => has('starter/notes'), /notes:\/\/|notes:read|_notes?\b/],
  [
    'GitHub',
    (has) => has('starter/github'),
    /GITHUB_|search_code|github:\/\/|github:read|create_issue/,
  ],
  ['users', (has) => has('starter/records'), /users:\/\/|users:read|_users?\b/],
  ['figures', (has) => has('starter/analytics'), /analytics:\/\/|metrics:read|_metrics\b|_event\b/],
  ['time', (has) => has('starter/minimal'), /get_time|time:\/\/|plan_meeting/],
  ['weather', (has) => has('starter/weather'), /weather:\/\/|weather:read|open-meteo|forecast/i],
  [
    'a shop',
    (has) => has('starter/http-api'),
    /shop:\/\/|shop:read|_orders\b(?<!search_orders)|(?<!_)API_URL/,
  ],
  [
    'a remote API',
    (has) => has('starter/weather') || has('starter/http-api') || has('starter/github'),
    /UpstreamKey|-api\.mjs/,
  ],
  [
    'replicas',
    (has) => !has('datastore/sqlite') || has('state/redis'),
    /add replicas|HorizontalPodAutoscaler/i,
  ],
];

/** Paths of the project, and in the kit's page those of the kit. */
const PATHS = /(?<![\w./-])(?:src|test|docs|scripts|migrations|monitoring|deploy)\/[\w./-]*[\w/]/g;
const KIT_PATHS = /(?<=`)(?!src\/)(?:[\w-]+\/)+(?:[\w-]+\.ts)?(?=`)|(?<=`)[\w-]+\.ts(?=`)/g;
const KIT_PAGE = 'src/kit/README.md';

/** What `add-tool` would write, what a reader is told to write, and what Kubernetes is shown. */
const EXAMPLES = [
  'src/tools/search-orders.ts',
  'src/cart.ts',
  'src/shop.ts',
  'src/refresh.ts',
  'src/webhook.ts',
  'src/partner.ts',
];

interface Text {
  readonly path: string;
  readonly lines: readonly string[];
  readonly label: string;
}

let projects: { readonly has: Has; readonly plan: Plan; readonly texts: readonly Text[] }[] = [];

beforeAll(async () => {
  const catalog = await loadCatalog(TEMPLATES);
  projects = everySpec(catalog, { name: 'thing' }).map((spec) => {
    const plan = createPlan(catalog, spec, VERSION);
    return { has: hasOf(spec), plan, texts: textsOf(plan, Object.values(spec.choices).join(' ')) };
  });
}, 120_000);

function hasOf({ choices }: ProjectSpec): Has {
  const made = new Set(
    Object.entries(choices).flatMap(([axis, ids]) => ids.map((id) => `${axis}/${id}`)),
  );
  return (...wanted) => wanted.every((one) => made.has(one));
}

function textsOf(plan: Plan, label: string): Text[] {
  return [...plan.keys()]
    .filter((path) => READ.test(path))
    .map((path) => ({ path, lines: textOf(plan, path).split('\n'), label }));
}

describe('the texts of a project say nothing about', () => {
  it.each(WORDS)('%s without that choice', (_, made, words) => {
    const found = new Set<string>();
    let others = 0;
    for (const { has, texts } of projects) {
      if (made(has)) others += 1;
      else {
        for (const { path, lines } of texts) {
          for (const line of lines) {
            if (words.test(line)) found.add(`${path}: ${line.trim()}`);
          }
        }
      }
    }
    expect([...found].slice(0, 20)).toEqual([]);
    expect(others).toBeGreaterThan(0);
  });

  it.each(WORDS)('%s, and the words for it are those of projects with it', (_, made, words) => {
    const spoken = projects.some(
      ({ has, texts }) =>
        made(has) && texts.some(({ lines }) => lines.some((line) => words.test(line))),
    );
    expect(spoken).toBe(true);
  });
});

it('the sentences of a README are those of paragraphs: no heading follows a text directly', () => {
  const wrong = new Set<string>();
  for (const { texts } of projects) {
    for (const { path, lines } of texts.filter(({ path }) => path.endsWith('.md'))) {
      let isCode = false;
      for (const [index, line] of lines.entries()) {
        if (line.startsWith('```')) isCode = !isCode;
        const before = lines[index - 1] ?? '';
        if (!isCode && /^#+ /.test(line) && before !== '') wrong.add(`${path}: ${line}`);
      }
    }
  }
  expect([...wrong]).toEqual([]);
});

it('names only files and folders that the project has', () => {
  const wrong = new Set<string>();
  let count = 0;
  for (const { plan, texts } of projects) {
    const folders = new Set([...plan.keys()].flatMap(foldersOf));
    const has = (path: string) => plan.has(path) || folders.has(path.replace(/\/$/, ''));
    for (const { path, lines } of texts) {
      const prefix = path === KIT_PAGE ? 'src/kit/' : '';
      for (const line of lines) {
        // Addresses have paths, too.
        const plain = line.replace(/\w+:\/\/\S*/g, '');
        const named = [
          ...(plain.match(PATHS) ?? []),
          ...(prefix ? (plain.match(KIT_PATHS) ?? []).map((one) => prefix + one) : []),
        ];
        count += named.length;
        for (const one of named) {
          if (has(one) || has(`${dirname(path)}/${one}`) || EXAMPLES.includes(one)) continue;
          wrong.add(`${path}: ${one}`);
        }
      }
    }
  }
  expect([...wrong].slice(0, 30)).toEqual([]);
  expect(count).toBeGreaterThan(1_000);
});

it('a README fits on two screens', () => {
  const lengths = projects.flatMap(({ texts }) =>
    texts.filter(({ path }) => path === 'README.md').map(({ lines }) => lines.length),
  );
  expect(Math.max(...lengths)).toBeLessThanOrEqual(130);
});

/** `a/b/c.ts` → `a`, `a/b`. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
