/**
 * Kubernetes manifests, strictly and offline: types, required fields and enums by `kubernetes-models` (compiled
 * OpenAPI), unknown fields by the attribute tables of `@kubernetes/client-node`, kustomization files by hand.
 */
import { createRequire } from 'node:module';
// The models alone: the client itself needs a newer Node than we support.
import * as client from '@kubernetes/client-node/dist/gen/models/all.js';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  readonly spec?: unknown;
  readonly [key: string]: unknown;
}

type ModelType = new (data: unknown) => { validate(): void };

interface ModelClass {
  getAttributeTypeMap(): readonly { readonly baseName: string; readonly type: string }[];
}

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  IntOrString: (value) => typeof value === 'number' || typeof value === 'string',
  any: () => true,
  object: () => true,
};
const require = createRequire(import.meta.url);
/** How the client library prefixes the classes of API groups that share a kind. */
const PREFIXES = ['', 'Core', 'Events', 'Autoscaling', 'Networking'];

/** The objects in a YAML file. Throws when it is not YAML. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS() as Manifest;
  });
}

/** Every way in which this is not a valid object of its kind. */
export function manifestProblems(manifest: Manifest): string[] {
  return [...unknownFields(manifest), ...schemaProblems(manifest)];
}

function unknownFields(manifest: Manifest): string[] {
  const version = capital(manifest.apiVersion.split('/').at(-1) ?? '');
  const type = PREFIXES.map((prefix) => `${prefix}${version}${manifest.kind}`).find(classOf);
  if (type === undefined) return [`${manifest.apiVersion} ${manifest.kind} is no built-in kind`];
  return walk(type, manifest, manifest.kind);
}

function walk(type: string, value: unknown, path: string): string[] {
  if (value === undefined) return [];
  if (value === null) return [`${path}: empty`];
  const item = /^Array<(.*)>$/.exec(type)?.[1];
  if (item !== undefined) {
    if (!Array.isArray(value)) return [`${path}: must be a list`];
    return value.flatMap((part, index) => walk(item, part, `${path}[${index}]`));
  }
  const entry = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (entry !== undefined) {
    if (!isRecord(value)) return [`${path}: must be a map`];
    return Object.entries(value).flatMap(([key, part]) => walk(entry, part, `${path}.${key}`));
  }
  const scalar = SCALARS[type];
  if (scalar) return scalar(value) ? [] : [`${path}: must be a ${type}, is a ${typeof value}`];
  return walkClass(type, value, path);
}

function walkClass(type: string, value: unknown, path: string): string[] {
  const model = classOf(type);
  if (!model) return [];
  if (!isRecord(value)) return [`${path}: must be a ${type}`];
  const fields = new Map(model.getAttributeTypeMap().map((field) => [field.baseName, field.type]));
  return Object.entries(value).flatMap(([key, part]) => {
    const known = fields.get(key);
    return known === undefined
      ? [`${path}.${key}: ${type} has no such field`]
      : walk(known, part, `${path}.${key}`);
  });
}

function schemaProblems(manifest: Manifest): string[] {
  const models = require(`kubernetes-models/${manifest.apiVersion}`) as Record<string, ModelType>;
  const Model = models[manifest.kind];
  if (!Model) return [`kubernetes-models has no ${manifest.apiVersion} ${manifest.kind}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${manifest.kind}: ${(error as Error).message}`];
  }
}

function classOf(type: string): ModelClass | undefined {
  const model = (client as unknown as Record<string, Partial<ModelClass> | undefined>)[type];
  return model?.getAttributeTypeMap ? (model as ModelClass) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: z.string().optional(),
  labels: z.array(z.strictObject({ pairs: z.record(z.string(), z.string()) })).optional(),
  resources: z.array(z.string()).min(1),
  images: z
    .array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() }))
    .optional(),
  configMapGenerator: z
    .array(
      z.strictObject({
        name: z.string(),
        behavior: z.literal('merge').optional(),
        envs: z.array(z.string()).optional(),
        literals: z.array(z.string().regex(/^[A-Z][A-Z0-9_]*=/)).optional(),
      }),
    )
    .optional(),
});

export type Kustomization = z.infer<typeof kustomization>;

/** Reads a kustomization.yaml. Throws when it has a key or value that is not known here. */
export function parseKustomization(text: string): Kustomization {
  return kustomization.parse(parseManifests(text)[0]);
}
