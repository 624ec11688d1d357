import type { Problem } from '../errors.js';

/** Everything that is derived from the name of a primitive. */
export interface PrimitiveNames {
  /** As typed; what clients see. */
  readonly name: string;
  /** `search-orders`: the file, without extension. */
  readonly file: string;
  /** `searchOrders`: the export. */
  readonly identifier: string;
  /** `Search orders`. */
  readonly title: string;
}

/** Words that may not name a `const` in an ES module, and globals that Biome forbids to shadow. */
const RESERVED_WORDS = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof undefined var void while with yield ' +
    'escape globalThis isFinite parseFloat parseInt unescape'
  ).split(' '),
);

/** `then` would turn the barrel's namespace into a thenable; the rest are members of every object. */
const OBJECT_MEMBERS = new Set([
  'then',
  'prototype',
  ...Object.getOwnPropertyNames(Object.prototype),
]);

/** File names that Windows keeps for devices, and those that the folder uses itself. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;
const OWN_FILES = new Set(['index']);

/** Identifiers that the generated module already has. */
const IMPORTED = new Set(['z', 'defineTool']);

/** `searchHTTPOrders`, `search_http-orders` → `['search', 'http', 'orders']`. */
function words(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z\d]+/)
    .filter(Boolean)
    .map((word) => word.toLowerCase());
}

const capitalize = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** Derives file, identifier and title from a name that `checkName` accepts. */
export function primitiveNames(name: string): PrimitiveNames {
  const parts = words(name);
  const [first = '', ...rest] = parts;
  return {
    name,
    file: parts.join('-'),
    identifier: first + rest.map(capitalize).join(''),
    title: capitalize(parts.join(' ')),
  };
}

/** Names with the same key would be the same file or export on some machine: `a-b`, `a_b`, `aB`. */
export function collisionKey(name: string): string {
  return name.replace(/[^A-Za-z\d]/g, '').toLowerCase();
}

/**
 * Says why clients, TypeScript or file systems would reject the name of a tool; null when it is fine.
 * The pattern is what MCP clients accept (`^[a-zA-Z0-9_-]{1,64}$`), narrowed to start with a letter.
 */
export function checkName(name: string): Problem | null {
  const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
  const example = 'Use words in snake case, for example search_orders.';
  if (name.length > 64) {
    return {
      message: `The name ${shown} has ${name.length} characters; clients accept at most 64.`,
      hint: example,
    };
  }
  if (!/^[A-Za-z][A-Za-z\d_-]*$/.test(name)) {
    const message = `The name ${shown} is not valid: use letters, digits, _ and -, starting with a letter.`;
    return { message, hint: example };
  }
  const { file, identifier } = primitiveNames(name);
  const clash =
    (RESERVED_WORDS.has(identifier) && 'it is a reserved word in JavaScript') ||
    (OBJECT_MEMBERS.has(identifier) && 'every JavaScript object has a member of that name') ||
    (IMPORTED.has(identifier) && 'the generated files use it') ||
    (OWN_FILES.has(file) && `src/tools/${file}.ts exists and is not a tool`) ||
    (DEVICE.test(file) && 'it is a device name on Windows');
  if (clash) {
    return {
      message: `The name ${shown} is not available: ${clash}.`,
      hint: `Add what it acts on, for example ${name}_order.`,
    };
  }
  return null;
}
