import type { Completer } from '../completions/completer.js';
import { checkScopes } from '../pipeline/check-scopes.js';
import type { CallContext } from '../pipeline/context.js';

/** A text, or bytes. */
export type Contents = string | Uint8Array;

interface Common {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  readonly scopes?: readonly string[];
  /** How long clients may keep what they have read. By default not at all. */
  readonly cacheSeconds?: number;
}

/** A resource at a fixed address. */
export interface Resource extends Common {
  readonly uri: string;
  read(ctx: CallContext): Contents | Promise<Contents>;
}

/** Resources at every address that fits a URI template (RFC 6570). */
export interface ResourceTemplate extends Common {
  readonly uriTemplate: string;
  /**
   * The resources that a client can offer for picking, in an order that stays. Without regard to `page` it is everything;
   * what is too much for one answer is cut into pages.
   */
  list?(ctx: CallContext, page: Page): Listed[] | Promise<Listed[]>;
  /** Suggests values while somebody types a variable. */
  readonly complete?: Readonly<Record<string, Completer>>;
  /** @throws {ToolError} with the code `NOT_FOUND` when there is nothing at this address. */
  read(variables: Readonly<Record<string, string>>, ctx: CallContext): Contents | Promise<Contents>;
}

export interface Listed {
  readonly uri: string;
  readonly name: string;
}

/** The part of a list that is wanted. */
export interface Page {
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: string;
}

/**
 * Types a resource. Add its line to `index.ts` and it is served.
 * @throws {TypeError} when a scope is not one.
 */
export function defineResource(resource: Resource): Resource {
  checkScopes(resource);
  return resource;
}

/**
 * Types a resource template. Add its line to `index.ts` and it is served.
 * @throws {TypeError} when a scope is not one.
 */
export function defineResourceTemplate(template: ResourceTemplate): ResourceTemplate {
  checkScopes(template);
  return template;
}
