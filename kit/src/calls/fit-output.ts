type Fields = Readonly<Record<string, unknown>>;

export interface Caps {
  /** Of the result as JSON, together with the marker. */
  readonly maxBytes: number;
  /** Of each list. */
  readonly maxRows: number;
}

/** A list that was shortened. */
export interface Cut {
  readonly list: string;
  readonly shown: number;
  readonly total: number;
}

export interface Fitted {
  readonly value: Record<string, unknown>;
  readonly text: string;
  /** Says what is missing; empty when nothing is. */
  readonly marker: string;
  readonly cuts: readonly Cut[];
}

interface List {
  readonly path: readonly string[];
  readonly all: readonly unknown[];
  shown: number;
}

/**
 * Shortens the lists of a result, and nothing else, until it fits. Items stay whole, and at least one of each list stays.
 * @returns `undefined` when that is not enough.
 */
export function fitOutput(result: Record<string, unknown>, caps: Caps): Fitted | undefined {
  const lists = listsOf(result);
  for (const list of lists) list.shown = Math.min(list.all.length, caps.maxRows);
  let fitted = shorten(result, lists);
  for (const list of lists.sort((a, b) => b.all.length - a.all.length)) {
    if (excess(fitted, caps) <= 0) break;
    // The marker grows with the first cut, so that a second look may be needed.
    for (let look = 0; look < 2 && list.shown > 1 && excess(fitted, caps) > 0; look += 1) {
      dropItems(list, excess(fitted, caps));
      fitted = shorten(result, lists);
    }
  }
  return excess(fitted, caps) > 0 ? undefined : fitted;
}

/** The lists in an object and in the objects inside it; not those inside of list items. */
function listsOf(value: Fields, path: readonly string[] = [], found: List[] = []): List[] {
  for (const key of Object.keys(value)) {
    const field = value[key];
    if (Array.isArray(field)) found.push({ path: [...path, key], all: field, shown: field.length });
    else if (isFields(field)) listsOf(field, [...path, key], found);
  }
  return found;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !('toJSON' in value);
}

function shorten(result: Record<string, unknown>, lists: readonly List[]): Fitted {
  const short = lists.filter(({ shown, all }) => shown < all.length);
  if (short.length === 0) {
    return { value: result, text: JSON.stringify(result), marker: '', cuts: [] };
  }
  const value = short.reduce<Fields>(withShortList, result);
  const cuts = short.map(({ path, shown, all }) => ({
    list: path.join('.'),
    shown,
    total: all.length,
  }));
  const counts = cuts.map(
    ({ list, shown, total }) => `${shown} of ${total} items shown in ${list}`,
  );
  const marker = `… truncated: ${counts.join(', ')}. Ask for less, for example with a smaller limit or a narrower search.`;
  return { value, text: JSON.stringify(value), marker, cuts };
}

function withShortList(value: Fields, { path: [key = '', ...rest], all, shown }: List): Fields {
  const field = value[key];
  const inner = isFields(field) ? withShortList(field, { path: rest, all, shown }) : {};
  return { ...value, [key]: rest.length === 0 ? all.slice(0, shown) : inner };
}

function excess({ text, marker }: Fitted, { maxBytes }: Caps): number {
  return Buffer.byteLength(text) + Buffer.byteLength(marker) - maxBytes;
}

/** Drops items from the end until `bytes` are saved or one item is left. */
function dropItems(list: List, bytes: number): void {
  for (let saved = 0; saved < bytes && list.shown > 1; list.shown -= 1) {
    saved += Buffer.byteLength(JSON.stringify(list.all[list.shown - 1]) ?? 'null') + 1;
  }
}
