/** The types that every room of the house shares. Data only: no behaviour lives here. */

export type AxisId = string;
export type FeatureId = string;
/** What a choice makes possible for others, for example `http` or `sql`. Rules name capabilities, never features. */
export type Capability = string;

/** A rule between choices; `because` and `instead` are sentences for the person who broke it. */
export interface Rule {
  readonly capability: Capability;
  readonly because: string;
  readonly instead: string;
}

/** One environment variable of the generated server, as documented in its `.env.example` and README. */
export interface EnvVar {
  readonly name: string;
  readonly description: string;
  /** The documented default, `{name}` is the project's name; absent when there is none. */
  readonly default?: string;
  /** A sample value for variables without a default. */
  readonly example?: string;
  /** Its value must not appear in a manifest or a log. */
  readonly secret?: boolean;
  /** The server does not start without it. */
  readonly required?: boolean;
  /** Only part of the project when this holds. */
  readonly when?: Condition;
}

/**
 * A value for the git-ignored `.env` of a new project. Never part of the rendered files.
 * `{random}` becomes 32 random bytes (base64url), `{name}` the project's name.
 */
export interface LocalValue {
  readonly name: string;
  readonly value: string;
}

/** How a local client gets a bearer token for the generated server. */
export type Credential =
  /** `match` is a regular expression whose first group is the token inside the variable's value. */
  | { readonly from: 'env'; readonly variable: string; readonly match: string }
  /** A Node script of the project that prints one token on stdout. */
  | { readonly from: 'script'; readonly args: readonly string[] }
  /**
   * From an issuer that the smoke test starts itself. `env` makes the server trust it (`{issuer}` is its address);
   * `metadata` is the path at which the server says what a token for it must be (RFC 9728), `type` the token's `typ`.
   */
  | {
      readonly from: 'issuer';
      readonly env: Readonly<Record<string, string>>;
      readonly metadata: string;
      readonly type: string;
    };

/** What the smoke test uses when the named primitives exist. Everything is optional; it can also find its own. */
export interface SmokeHints {
  /** Environment of the server under test; `{tmp}` becomes a fresh directory. */
  readonly env?: Readonly<Record<string, string>>;
  readonly call?: { readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> };
  readonly badCall?: {
    readonly tool: string;
    readonly arguments: Readonly<Record<string, unknown>>;
    readonly field: string;
  };
  /** Undoes `call` in a store that stays; `{id}` is the value of that name in the result of `call`. */
  readonly cleanup?: {
    readonly tool: string;
    readonly arguments: Readonly<Record<string, string>>;
  };
  readonly resource?: string;
  readonly prompt?: {
    readonly name: string;
    readonly arguments?: Readonly<Record<string, string>>;
  };
  /** The command that makes the store reachable, shown when it is not; only where `when` is provided. */
  readonly startStore?: { readonly command: string; readonly when: Capability };
}

/** How a built server is started; `kind` uses the MCP transport names. */
export interface Entry {
  readonly kind: 'stdio' | 'streamable-http';
  readonly script: string;
}

/** Capabilities joined by `&`, each perhaps with a `!` for its absence, for example `http&!auth`. */
export type Condition = string;

/** A file below a feature's `files/` folder. `body` is null for binary or verbatim files, which have `bytes`. */
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

/** A compiled Handlebars template. */
export type RenderFunction = (context: unknown, options?: unknown) => string;

export type JsonObject = { readonly [key: string]: unknown };

export interface Feature {
  readonly axis: AxisId;
  readonly id: FeatureId;
  readonly label: string;
  readonly hint: string;
  readonly order: number;
  /** On a multiple-choice axis: cannot be combined with others (for example `none`). */
  readonly exclusive: boolean;
  readonly provides: readonly Capability[];
  readonly requires: readonly Rule[];
  readonly conflicts: readonly Rule[];
  readonly env: readonly EnvVar[];
  readonly local: readonly LocalValue[];
  readonly credential: Credential | null;
  readonly smoke: SmokeHints;
  readonly entry: Entry | null;
  /** Values for templates; merged over all chosen features, a key set twice is an error. */
  readonly facts: JsonObject;
  /** Globs of generated paths that belong to the user from the first day (never changed by `upgrade`). */
  readonly seeds: readonly string[];
  /**
   * Lines for "what next" in the report, as `command # comment`, either of them alone too; may use `{name}` and `{run}`
   * (the package manager's `run`).
   */
  readonly next: readonly string[];
  readonly pkg: JsonObject;
  readonly files: readonly TemplateFile[];
  readonly slots: readonly SlotFragment[];
}

/** The first entry whose `when` is present (or absent from the entry) wins. */
export interface AxisDefault {
  readonly when?: Capability;
  readonly value: readonly FeatureId[];
}

export interface Axis {
  readonly id: AxisId;
  readonly order: number;
  /** The wizard's question. */
  readonly question: string;
  /** Help text of the flag `--<id>`. */
  readonly help: string;
  readonly multiple: boolean;
  /** The wizard skips the axis when this does not hold; the default applies. */
  readonly asksWhen: Condition | null;
  readonly defaults: readonly AxisDefault[];
  readonly features: readonly Feature[];
}

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

/** Chosen features by axis; a single-choice axis has exactly one. */
export type Choices = Readonly<Record<AxisId, readonly FeatureId[]>>;

/** A validated, frozen project. Only `spec/` makes one. */
export interface ProjectSpec {
  readonly name: string;
  readonly description: string;
  readonly packageManager: FeatureId;
  readonly choices: Choices;
}

/** What a person gave so far, from flags, a spec file or the wizard; nothing is validated. */
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
