import type { Completer } from './completion.js';

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
export interface Resource<Context = never> extends Common {
  readonly uri: string;
  read(ctx: Context): Contents | Promise<Contents>;
}

/** Resources at every address that fits a URI template (RFC 6570). */
export interface ResourceTemplate<Context = never> extends Common {
  readonly uriTemplate: string;
  /**
   * The resources that a client can offer for picking, in an order that stays. Without regard to `page` it is everything;
   * what is too much for one answer is cut into pages.
   */
  list?(ctx: Context, page: Page): Listed[] | Promise<Listed[]>;
  /** Suggests values while somebody types a variable. */
  readonly complete?: Readonly<Record<string, Completer<Context>>>;
  /** @throws {ToolError} with the code `NOT_FOUND` when there is nothing at this address. */
  read(variables: Readonly<Record<string, string>>, ctx: Context): Contents | Promise<Contents>;
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
