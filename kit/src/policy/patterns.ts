/** Names of a policy. One that ends with `*` stands for every name that begins like it. */
export class Patterns {
  readonly #names: ReadonlySet<string>;
  readonly #beginnings: readonly string[];
  readonly #reached = new Map<string, boolean>();

  constructor(private readonly patterns: readonly string[]) {
    this.#names = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
    this.#beginnings = patterns.flatMap((pattern) => beginningOf(pattern) ?? []);
  }

  includes(name: string): boolean {
    return this.#names.has(name) || this.#beginnings.some((start) => name.startsWith(start));
  }

  /** Whether they include an address of this URI template. */
  reach(uriTemplate: string): boolean {
    let reached = this.#reached.get(uriTemplate);
    if (reached === undefined) {
      reached = this.patterns.some((pattern) => reaches(pattern, uriTemplate));
      this.#reached.set(uriTemplate, reached);
    }
    return reached;
  }
}

/**
 * A URI as a resource reads it, without percent-encoding: `note:///%61` is the note `a`. `undefined` for what nobody may read: a broken
 * encoding, and `..`, which whoever opens the resource could take for another address.
 */
export function plainUri(uri: string): string | undefined {
  try {
    const plain = decodeURIComponent(uri);
    return /(?:^|[/\\])\.\.?(?:[/\\]|$)/.test(plain) ? undefined : plain;
  } catch {
    return undefined;
  }
}

function beginningOf(pattern: string): string | undefined {
  return pattern.endsWith('*') ? pattern.slice(0, -1) : undefined;
}

/** A beginning reaches a template when some part of the template, read from its start, can become that beginning. */
function reaches(pattern: string, uriTemplate: string): boolean {
  const beginning = beginningOf(pattern);
  if (beginning === undefined) return fits(pattern, uriTemplate);
  return Array.from({ length: uriTemplate.length + 1 }, (_, end) => uriTemplate.slice(0, end))
    .filter((part) => part.lastIndexOf('{') <= part.lastIndexOf('}'))
    .some((part) => fits(beginning, part));
}

/** An expression of a template stands for a part of a path; one with an operator, such as `{+path}`, for more than that. */
function fits(uri: string, uriTemplate: string): boolean {
  const pattern = uriTemplate.replaceAll(/[^{]+|\{(\W?)[^}]*\}?/g, (part, operator?: string) => {
    if (operator === undefined) return part.replaceAll(/[$()*+.?[\\\]^|]/g, '\\$&');
    return operator === '' ? '[^/]+' : '.+';
  });
  return uri === uriTemplate || new RegExp(`^${pattern}$`).test(uri);
}
