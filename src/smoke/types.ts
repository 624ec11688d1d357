import type { Feature } from '../catalog/types.js';
import type { StepResult } from '../model.js';

/** The protocol revisions that a server is proven in; the name is also what a step is called by. */
export type Era = '2025-11-25' | '2026-07-28';
export const ERAS: readonly Era[] = ['2025-11-25', '2026-07-28'];

/** A built project of ours, started by the smoke test itself. */
export interface ProjectTarget {
  readonly kind: 'project';
  readonly directory: string;
  readonly name: string;
  /** The chosen features and the base, in axis order. */
  readonly features: readonly Feature[];
  /** How the project is built, for the hint when it is not: `npm run build`. */
  readonly buildCommand?: string;
}

/** Any server that already runs somewhere; `url` is its MCP endpoint. */
export interface UrlTarget {
  readonly kind: 'url';
  readonly url: URL;
}

export interface SmokeOptions {
  readonly target: ProjectTarget | UrlTarget;
  /** Sent with every request over HTTP; in project mode they replace the derived credential. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Limit of every single step in milliseconds. Default 10 s. */
  readonly timeoutMs?: number;
  /** Unproven steps count as failed. */
  readonly strict?: boolean;
  /** What the servers of a project inherit. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Called once per step, grouped by transport and era, as soon as the order allows. */
  readonly onStep?: (step: StepResult) => void;
  /** Called with each line that a server writes (not what it sends), secrets removed. */
  readonly onOutput?: (line: string) => void;
}

export interface SmokeReport {
  readonly ok: boolean;
  readonly steps: readonly StepResult[];
  readonly warnings: readonly string[];
  /** The last lines that failing servers wrote, secrets removed. */
  readonly stderr?: string;
}

export const DEFAULT_TIMEOUT_MS = 10_000;
/** Where a generated server answers MCP over HTTP. */
export const MCP_PATH = '/mcp';
/** The error code with which a generated server says that its store does not answer. */
export const STORE_UNAVAILABLE = 'STORE_UNAVAILABLE';
/** The error code with which a generated server says that an API which it calls does not answer. */
export const UPSTREAM_UNAVAILABLE = 'UPSTREAM_UNAVAILABLE';
/** The error code with which a generated server says that the caller's key has no right to do this. */
export const FORBIDDEN = 'FORBIDDEN';
/** Repeats the smoke test later. Names the package, because `npx mcp-gen` would fetch a stranger's. */
export const SMOKE_COMMAND = 'npx --package create-mcp-server mcp-gen smoke';
