/** What each feature of an axis must provide, so that one that lacks something is refused before anybody chooses it. */
import { matchesAny } from '../text/globs.js';
import type { AxisSource, FeatureSource } from './source.js';

/**
 * Gives one sentence for each thing that a feature lacks, with all ways to provide it, and for each exemption that
 * exempts from nothing.
 */
export function checkContracts(axis: AxisSource): string[] {
  return axis.features.flatMap((feature) => checkFeature(axis, feature));
}

function checkFeature(axis: AxisSource, feature: FeatureSource): string[] {
  const file = `${axis.id}/${feature.id}/feature.json`;
  const { exempt } = feature;
  const lacks: string[] = [];
  const exemptions = new Set(typeof exempt === 'string' ? [] : Object.keys(exempt));
  for (const [group, needs] of Object.entries(axis.must)) {
    const missing = Object.entries(needs).filter(
      ([, ways]) => !ways.some((way) => provides(feature, way)),
    );
    const isExempt = typeof exempt === 'string' || exemptions.delete(group);
    if (!isExempt) {
      lacks.push(...missing.map(([what, ways]) => `${file}: lacks ${what} (${ways.join(' or ')})`));
    } else if (missing.length === 0 && typeof exempt !== 'string') {
      lacks.push(`${file}: exempt: it provides all of "${group}"`);
    }
  }
  if (typeof exempt === 'string' && Object.keys(axis.must).length === 0) exemptions.add('*');
  const unknown = [...exemptions].map(
    (group) => `${file}: exempt: ${axis.id}/axis.json demands no "${group}"`,
  );
  return [...lacks, ...unknown];
}

/** Whether a feature provides something in one way: where to look, and a path or a glob there. */
function provides(feature: FeatureSource, way: string): boolean {
  const [where = '', path = ''] = way.split(' ');
  switch (where) {
    case 'file':
      return feature.files.some(
        (file) => matchesAny(file.path, [path]) && !isBlank(file.template?.text ?? file.bytes),
      );
    case 'slot':
      return feature.slots.some(({ slot, template }) => slot === path && !isBlank(template.text));
    case 'provides':
      return feature.provides.includes(path);
    case 'seeds':
      return feature.seeds.includes(path);
    case 'package':
      return isThere(feature.pkg, path);
    case 'key':
      return isThere(feature, path);
    default:
      return false;
  }
}

function isBlank(content: string | Buffer | null | undefined): boolean {
  return String(content ?? '').trim() === '';
}

/** Whether there is a value at `a.b.c`, in a list in one of its items; what is empty counts as nothing. */
function isThere(value: unknown, path: string): boolean {
  const [key = '', ...rest] = path.split('.');
  if (Array.isArray(value)) return value.some((item) => isThere(item, path));
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
  const inner = (value as Readonly<Record<string, unknown>>)[key];
  if (rest.length > 0) return isThere(inner, rest.join('.'));
  if (typeof inner === 'object' && inner !== null) return Object.keys(inner).length > 0;
  return inner !== null && inner !== undefined && inner !== '';
}
