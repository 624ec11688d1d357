/** The types that every room shares; those of the catalog are in `catalog/types.ts`. */

export type AxisId = string;
export type FeatureId = string;
/** What a choice makes possible for others, for example `http` or `sql`. Rules name capabilities, never features. */
export type Capability = string;

/** Capabilities joined by `&`, each perhaps with a `!` for its absence, for example `http&!auth`. */
export type Condition = string;

export type JsonObject = { readonly [key: string]: unknown };

/** Chosen features by axis; a single-choice axis has exactly one. */
export type Choices = Readonly<Record<AxisId, readonly FeatureId[]>>;

/** A validated, frozen project. Only `project-spec/` makes one. */
export interface ProjectSpec {
  readonly name: string;
  readonly description: string;
  readonly packageManager: FeatureId;
  readonly choices: Choices;
}

/** What the user gave so far, from flags, a spec file or the wizard. Not validated. */
export interface SpecInput {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly packageManager?: string | undefined;
  readonly choices?: Readonly<Record<AxisId, string | readonly string[] | undefined>>;
}

export interface PlannedFile {
  readonly path: string;
  readonly contents: string | Uint8Array;
  /** `base`, `axis/feature` or `kit`. */
  readonly origin: string;
  readonly policy: 'managed' | 'seed';
}

/** By path, sorted. */
export type Plan = ReadonlyMap<string, PlannedFile>;

export type StepStatus = 'ok' | 'failed' | 'skipped' | 'unproven';

/** One line of the report. `detail` is for a person. */
export interface StepResult {
  readonly name: string;
  readonly status: StepStatus;
  readonly ms: number;
  readonly detail?: string;
}

/** `.mcp-gen.json` in a generated project. */
export interface Manifest {
  readonly generator: string;
  readonly spec: {
    readonly name: string;
    readonly description: string;
    readonly packageManager: string;
    readonly choices: Readonly<Record<AxisId, FeatureId | readonly FeatureId[]>>;
  };
  /** sha256 (hex) of every rendered file by path, except the manifest itself. */
  readonly files: Readonly<Record<string, string>>;
}
