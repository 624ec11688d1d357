/** A separate module, loaded only when needed. (A bundled dynamic import of a CommonJS package has no named exports.) */
export { parse as parseYaml } from 'yaml';
