/** Turns what was read into a `Catalog`, given something that compiles one template. */

import type { CatalogSource, FeatureSource, TemplateText } from './source.js';
import type { Catalog, Feature, RenderFunction } from './types.js';

export type Compile = (template: TemplateText) => RenderFunction;

/** The catalog of a source that was read: the same data, with every template compiled by `compile`. */
export function assembleCatalog(source: CatalogSource, compile: Compile): Catalog {
  const { base, axes, slots, blueprints, kit } = source;
  return {
    base: assembleFeature(base, compile),
    axes: axes.map((axis) => ({
      ...axis,
      features: axis.features.map((feature) => assembleFeature(feature, compile)),
    })),
    slots,
    blueprints: mapValues(blueprints, (templates) => mapValues(templates, compile)),
    kit,
  };
}

function assembleFeature(feature: FeatureSource, compile: Compile): Feature {
  return {
    ...feature,
    files: feature.files.map(({ path, template, bytes, when }) => ({
      path,
      render: template === null ? null : compile(template),
      bytes,
      ...(when === undefined ? {} : { when }),
    })),
    slots: feature.slots.map(({ slot, template, verbatim, when }) => ({
      slot,
      render: verbatim ? () => template.text : compile(template),
      ...(when === undefined ? {} : { when }),
    })),
  };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
