import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod/v4';

export type ParsedYaml<T> = { readonly value: T } | { readonly problems: readonly string[] };

/** Reads YAML that fits a schema. Every problem is named at once, and begins with its line: `12: roles.reader: …`. */
export function parseYaml<T>(text: string, schema: z.ZodType<T>): ParsedYaml<T> {
  const lines = new LineCounter();
  const options = { lineCounter: lines, prettyErrors: false, logLevel: 'error' } as const;
  const document = parseDocument(text, options);
  const at = (offset: number, message: string) => `${lines.linePos(offset).line}: ${message}`;

  const { errors, contents } = document;
  if (errors.length > 0) return { problems: errors.map(({ pos, message }) => at(pos[0], message)) };
  const content = attempt(() => document.toJS());
  if (content instanceof Error) return { problems: [at(0, content.message)] };
  const parsed = schema.safeParse(content);
  if (parsed.success) return { value: parsed.data };
  return {
    problems: parsed.error.issues
      .flatMap(toFindings)
      .map(({ path, message }) => ({ offset: offsetOf(contents, path), path, message }))
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, path, message }) => at(offset, [path.join('.'), message].join(': '))),
  };
}

/** Aliases that stand for too much, or for nothing, are found late. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}

interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** One finding per place: an issue can be about several keys. */
function toFindings(issue: z.core.$ZodIssue): Finding[] {
  const { path, message } = issue;
  if (issue.code !== 'unrecognized_keys') return [{ path, message }];
  return issue.keys.map((key) => ({ path: [...path, key], message: 'is not known' }));
}

/** Where the text has what `path` leads to, or what is closest to it. */
function offsetOf(root: unknown, path: Finding['path']): number {
  let node = root;
  let offset = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      offset = (isScalar(pair?.key) && pair.key.range?.[0]) || offset;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = (isScalar(node) && node.range?.[0]) || offset;
    }
  }
  return offset;
}
