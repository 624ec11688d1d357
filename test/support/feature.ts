import type { Feature } from '../../src/catalog/types.js';

const NOTHING: Feature = {
  axis: 'test',
  id: 'test',
  label: 'test',
  hint: '',
  order: 0,
  exclusive: false,
  provides: [],
  requires: [],
  conflicts: [],
  env: [],
  local: [],
  credential: null,
  smoke: {},
  entry: null,
  facts: {},
  seeds: [],
  next: [],
  exempt: {},
  pkg: {},
  files: [],
  slots: [],
};

/** A feature that brings nothing but `parts`. */
export const feature = (parts: Partial<Feature> = {}): Feature => ({ ...NOTHING, ...parts });
