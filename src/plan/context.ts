/** What templates see of a project: its names, and what its features say of themselves. */

import { satisfies } from '../catalog/capabilities.js';
import type { Catalog, EnvVar, Feature } from '../catalog/types.js';
import { UserText } from '../catalog/user-text.js';
import type { Capability, JsonObject, ProjectSpec } from '../model.js';
import { claim, originOf } from './choose.js';

/** A variable as templates see it: what is absent is null, because templates throw on undefined. */
export type EnvEntry = { readonly [K in keyof Required<Omit<EnvVar, 'when'>>]: EnvVar[K] | null };

const ABSENT = {
  default: null,
  example: null,
  container: null,
  compose: null,
  deploy: null,
  prepare: null,
  secret: false,
  required: false,
  oneOf: false,
} as const;

/** An entry of a table: `{{#if}}` takes an empty list for nothing, an empty object for something. */
interface Entry {
  readonly name: string;
  readonly value: string;
}

export interface TemplateContext {
  /** The project's name: safe in every language. */
  readonly name: string;
  readonly description: UserText;
  readonly generator: string;
  /** By each capability of the catalog: whether this project has it. */
  readonly has: Readonly<Record<Capability, boolean>>;
  readonly facts: JsonObject;
  readonly env: readonly EnvEntry[];
  /** Those of them without which the server does not start. */
  readonly required: readonly EnvEntry[];
  /** Of these it needs one. */
  readonly oneOf: readonly EnvEntry[];
  /** The lines of `src/parts.ts`, each with the name that it imports. */
  readonly parts: readonly (Feature['parts'][number] & { readonly name: string })[];
  /** How built servers are started, each by the name of its module in `src/`. */
  readonly entries: readonly { readonly name: string }[];
  readonly services: readonly (Omit<NonNullable<Feature['service']>, 'environment'> & {
    readonly environment: readonly Entry[];
  })[];
  readonly egress: Feature['egress'];
  readonly volume: string | null;
  /** The named volumes of compose.yaml: of the server, and of services. */
  readonly volumes: readonly string[];
  readonly folders: readonly string[];
  readonly external: readonly string[];
  readonly connections: readonly NonNullable<Feature['connections']>[];
  /** The sentences of all features, by what they are about. */
  readonly runbook: { readonly [K in keyof Required<Feature['runbook']>]: readonly string[] };
  readonly ignore: Feature['ignore'];
  /** Tools that a person has to approve. */
  readonly approvals: readonly string[];
  readonly docs: readonly Entry[];
  /** Lines with the texts below each other. */
  readonly layout: readonly string[];
  readonly clientHeader: string | null;
}

/**
 * The context of one project. `{name}` in what features say of themselves is the project's name. Throws when two
 * features set the same fact or variable, or something that there can be only one of.
 */
export function createContext(
  catalog: Catalog,
  spec: ProjectSpec,
  generator: string,
  chosen: readonly Feature[],
  capabilities: ReadonlySet<Capability>,
): TemplateContext {
  const features = chosen.map((feature) => named(feature, spec.name));
  const all = [catalog.base, ...catalog.axes.flatMap((axis) => axis.features)];
  const known = all.flatMap((feature) => feature.provides);
  const env = mergeEnv(features, capabilities);
  const services = features
    .flatMap(({ service }) => service ?? [])
    .map((service) => ({ ...service, environment: entriesOf(service.environment) }));
  const volume = onlyOne(features, 'volume');
  const runbookOf = (key: keyof Feature['runbook']) =>
    features.flatMap(({ runbook }) => runbook[key] ?? []);
  return {
    name: spec.name,
    description: new UserText(spec.description),
    generator,
    has: Object.fromEntries(known.map((one) => [one, capabilities.has(one)])),
    facts: mergeFacts(features),
    env,
    required: env.filter((variable) => variable.required),
    oneOf: env.filter((variable) => variable.oneOf),
    parts: features
      .flatMap((feature) => feature.parts)
      .filter(({ when }) => satisfies(when, capabilities))
      .map((part) => ({ ...part, name: part.use.slice(0, part.use.indexOf('(')) })),
    entries: [
      ...features.flatMap(({ entry }) => entry?.script.replace(/^.*\/|\.js$/g, '') ?? []),
      ...programsOf(features, capabilities),
    ].map((name) => ({ name })),
    approvals: features.flatMap(({ approvals }) => approvals),
    services,
    egress: features.flatMap((feature) => feature.egress),
    volume,
    volumes: [
      ...(volume === null ? [] : ['data']),
      ...services.filter((one) => one.volume !== null).map(({ id }) => id),
    ],
    folders: [...new Set(features.flatMap((feature) => feature.folders))],
    external: [...new Set(features.flatMap((feature) => feature.external))],
    connections: features.flatMap((feature) => feature.connections ?? []),
    runbook: {
      notReady: runbookOf('notReady'),
      errorCodes: runbookOf('errorCodes'),
      errorCauses: runbookOf('errorCauses'),
      slowCauses: runbookOf('slowCauses'),
    },
    ignore: {
      git: features.flatMap(({ ignore }) => ignore.git),
      image: features.flatMap(({ ignore }) => ignore.image),
    },
    docs: features.flatMap(({ docs }) => entriesOf(docs)),
    layout: features.flatMap(({ layout }) =>
      entriesOf(layout).map(({ name, value }) => `${name.padEnd(18)} ${value}`),
    ),
    clientHeader: onlyOne(features, 'clientHeader'),
  };
}

/** The names of the programs besides the server. */
export function programsOf(
  features: readonly Feature[],
  capabilities: ReadonlySet<Capability>,
): string[] {
  return features
    .flatMap(({ programs }) => programs)
    .filter(({ when }) => satisfies(when, capabilities))
    .map(({ name }) => name);
}

function entriesOf(record: Readonly<Record<string, string>>): Entry[] {
  return Object.entries(record).map(([name, value]) => ({ name, value }));
}

/** A feature's data with the project's name in them; its templates stay. */
function named(feature: Feature, name: string): Feature {
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll('{name}', () => name);
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
  };
  const { files, slots, ...data } = feature;
  return { ...(fill(data) as typeof data), files, slots };
}

/** The value of the one feature that has it. */
function onlyOne<K extends 'volume' | 'clientHeader'>(features: readonly Feature[], key: K) {
  const owners = new Map<string, string>();
  let found: Feature[K] | null = null;
  for (const feature of features) {
    if (feature[key] === null) continue;
    claim(owners, key, originOf(feature), `"${key}"`);
    found = feature[key];
  }
  return found;
}

/** All facts in one object. Throws when two features set the same key. */
function mergeFacts(features: readonly Feature[]): JsonObject {
  const facts: Record<string, unknown> = {};
  const owners = new Map<string, string>();
  for (const feature of features) {
    for (const [key, value] of Object.entries(feature.facts)) {
      claim(owners, key, originOf(feature), `the fact "${key}"`);
      facts[key] = value;
    }
  }
  return facts;
}

/** All environment variables that apply, in order. Throws when two features document the same one. */
function mergeEnv(
  features: readonly Feature[],
  capabilities: ReadonlySet<Capability>,
): readonly EnvEntry[] {
  const owners = new Map<string, string>();
  return features.flatMap((feature) =>
    feature.env
      .filter(({ when }) => satisfies(when, capabilities))
      .map((variable) => {
        claim(owners, variable.name, originOf(feature), `the variable ${variable.name}`);
        return { ...ABSENT, ...variable };
      }),
  );
}
