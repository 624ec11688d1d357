/** The catalog's types. What `axis.json` and `feature.json` contain is derived from `schema.ts`. */
import type * as z from 'zod';
import type { AxisId, Condition, FeatureId, JsonObject } from '../model.js';
import type { axisSchema, featureSchema } from './schema.js';

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** `axis.json`, with its defaults filled in. */
export type AxisMeta = DeepReadonly<z.infer<typeof axisSchema>>;
/** `feature.json`, with its defaults filled in. Its conditions are in the files and slots that they are about. */
export type FeatureMeta = Omit<DeepReadonly<z.infer<typeof featureSchema>>, 'when'>;

export type Rule = FeatureMeta['requires'][number];
export type EnvVar = FeatureMeta['env'][number];
export type LocalValue = FeatureMeta['local'][number];
export type Credential = NonNullable<FeatureMeta['credential']>;
export type SmokeHints = FeatureMeta['smoke'];
export type Entry = NonNullable<FeatureMeta['entry']>;
export type AxisDefault = AxisMeta['defaults'][number];

/** A compiled Handlebars template. */
export type RenderFunction = (context: unknown, options?: unknown) => string;

/** A file below a feature's `files/` folder: a template, or bytes that are copied; the other one is null. */
export interface TemplateFile {
  /** Path in the generated project, with `/` separators, dotfiles already renamed. */
  readonly path: string;
  readonly render: RenderFunction | null;
  readonly bytes: Uint8Array | null;
  /** Only planned when this holds. */
  readonly when?: Condition;
}

/** A piece of text that fills a named slot of other templates. */
export interface SlotFragment {
  /** For example `config/fields`. */
  readonly slot: string;
  readonly render: RenderFunction;
  readonly when?: Condition;
}

/** A feature whose templates are compiled, or not yet. */
export interface FeatureOf<File, Fragment> extends FeatureMeta {
  readonly axis: AxisId;
  readonly id: FeatureId;
  /** Its part of `package.json`. */
  readonly pkg: JsonObject;
  readonly files: readonly File[];
  readonly slots: readonly Fragment[];
}

export interface AxisOf<AnyFeature> extends AxisMeta {
  readonly id: AxisId;
  readonly features: readonly AnyFeature[];
}

export type Feature = FeatureOf<TemplateFile, SlotFragment>;
export type Axis = AxisOf<Feature>;

/** One TypeScript file of the kit: what every generated server runs on. */
export interface KitFile {
  readonly text: string;
  /** The files of the kit that it imports, by their paths. */
  readonly imports: readonly string[];
  /** The npm packages that it imports. */
  readonly packages: readonly string[];
}

/** The source that a project takes the files it reaches from, as `src/kit/`. */
export interface Kit {
  /** By path below `kit/src`, for example `store/sqlite.ts`. */
  readonly files: Readonly<Record<string, KitFile>>;
  /** The versions it is tested with. */
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export interface Catalog {
  /** `base` is always part of a project. */
  readonly base: Feature;
  /** Sorted by `order`. Includes the package-manager axis. */
  readonly axes: readonly Axis[];
  /** Every slot that some template or fragment opens. */
  readonly slots: readonly string[];
  /** Templates of the `add-*` commands, by kind (`tool`) and file name without `.hbs`. */
  readonly blueprints: Readonly<Record<string, Readonly<Record<string, RenderFunction>>>>;
  readonly kit: Kit;
}
