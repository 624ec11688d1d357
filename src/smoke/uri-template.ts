import { isObject } from '../is-object.js';

const VARIABLE = /\{([+/.;?&#]?)([^{}]+)\}/g;

/**
 * Fills `{name}` in a URI template (RFC 6570, simple and reserved variables) with the values of these names in a
 * tool's result. Query variables are optional and left out. Null when a value is missing.
 */
export function fillTemplate(template: string, values: unknown): string | null {
  let missing = false;
  const filled = template.replace(VARIABLE, (_, operator: string, name: string) => {
    if (operator === '?' || operator === '&') return '';
    const value = findValue(values, name.replace(/[*:].*$/, ''));
    if (value === null) missing = true;
    const text = value ?? '';
    return operator === '+' ? encodeURI(text) : encodeURIComponent(text);
  });
  return missing ? null : filled;
}

/** Fills `{name}` in a text with the values of these names in a tool's result. Null when a value is missing. */
export function fillText(text: string, values: unknown): string | null {
  let missing = false;
  const filled = text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = findValue(values, name);
    if (value === null) missing = true;
    return value ?? '';
  });
  return missing ? null : filled;
}

/** Whether a template could have given this URI. */
export function matchesTemplate(template: string, uri: string): boolean {
  const source = template
    .split(/\{[^{}]+\}/)
    .map(escapeRegExp)
    .join('.*');
  return new RegExp(`^${source}$`, 's').test(uri);
}

/** The first string or number of that name anywhere in a result, as text. */
export function findValue(value: unknown, name: string): string | null {
  if (Array.isArray(value)) return first(value, name);
  if (!isObject(value)) return null;
  const own = value[name];
  if (typeof own === 'string' || typeof own === 'number') return String(own);
  return first(Object.values(value), name);
}

function first(values: readonly unknown[], name: string): string | null {
  for (const value of values) {
    const found = findValue(value, name);
    if (found !== null) return found;
  }
  return null;
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
