import type { CallContext } from '../pipeline/context.js';

interface Common {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  readonly scopes?: readonly string[];
}

/** A resource at a fixed address. */
export interface Resource extends Common {
  readonly uri: string;
  /** @returns the resource's text. */
  read(ctx: CallContext): string | Promise<string>;
}

/** Resources at every address that fits a URI template (RFC 6570). */
export interface ResourceTemplate extends Common {
  readonly uriTemplate: string;
  /** The resources that a client can offer for picking. */
  list?(ctx: CallContext): Listed[] | Promise<Listed[]>;
  /**
   * @returns the resource's text.
   * @throws {ToolError} with the code `NOT_FOUND` when there is nothing at this address.
   */
  read(variables: Readonly<Record<string, string>>, ctx: CallContext): string | Promise<string>;
}

export interface Listed {
  readonly uri: string;
  readonly name: string;
}

/** Types a resource. Add its line to `index.ts` and it is served. */
export function defineResource(resource: Resource): Resource {
  return resource;
}

/** Types a resource template. Add its line to `index.ts` and it is served. */
export function defineResourceTemplate(template: ResourceTemplate): ResourceTemplate {
  return template;
}
