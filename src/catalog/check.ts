/** What must hold for a catalog as a whole, beyond the shape of its files. */
import { checkContracts } from './contracts.js';
import type { AxisSource, CatalogSource, FeatureSource } from './source.js';

/** Gives one sentence per mistake, with the file it is in. */
export function checkCatalog(catalog: CatalogSource): string[] {
  const features = [catalog.base, ...catalog.axes.flatMap((axis) => axis.features)];
  const provided = new Set(features.flatMap((feature) => feature.provides));
  return [
    ...catalog.axes.flatMap((axis) => checkAxis(axis, provided)),
    ...features.flatMap((feature) => checkFeature(feature, catalog, provided)),
    ...catalog.axes.flatMap(checkContracts),
    ...checkSlots(catalog, features),
  ];
}

function checkAxis(axis: AxisSource, provided: ReadonlySet<string>): string[] {
  const file = `${axis.id}/axis.json`;
  const mistakes: string[] = [];
  const ids = axis.features.map((feature) => feature.id);
  for (const { when, value } of axis.defaults) {
    if (when !== undefined && !provided.has(when)) {
      mistakes.push(`${file}: no feature provides "${when}"`);
    }
    for (const id of value) {
      if (!ids.includes(id)) mistakes.push(`${file}: the default "${id}" is not a feature`);
    }
    if (!axis.multiple && value.length > 1) {
      mistakes.push(`${file}: a default has several features but the axis takes one`);
    }
  }
  if (axis.defaults.at(-1)?.when !== undefined) {
    mistakes.push(`${file}: the last default must apply always (no "when")`);
  }
  for (const term of axis.asksWhen?.split('&') ?? []) {
    const capability = term.replace('!', '');
    if (!provided.has(capability)) mistakes.push(`${file}: no feature provides "${capability}"`);
  }
  for (const feature of axis.features) {
    if (feature.exclusive && !axis.multiple) {
      mistakes.push(`${axis.id}/${feature.id}/feature.json: "exclusive" needs a multiple axis`);
    }
  }
  return mistakes;
}

/** A slot that nobody fills is a line in a template that says nothing. */
function checkSlots({ slots }: CatalogSource, features: readonly FeatureSource[]): string[] {
  const filled = new Set(features.flatMap((feature) => feature.slots.map(({ slot }) => slot)));
  const templates = features.flatMap((feature) => [...feature.files, ...feature.slots]);
  return slots
    .filter((slot) => !filled.has(slot))
    .map((slot) => {
      const opens = templates.find(({ template }) => template?.text.includes(`{{> ${slot}}}`));
      return `${opens?.file}: no feature fills the slot {{> ${slot}}}`;
    });
}

function checkFeature(
  feature: FeatureSource,
  catalog: CatalogSource,
  provided: ReadonlySet<string>,
): string[] {
  const folder = feature === catalog.base ? feature.id : `${feature.axis}/${feature.id}`;
  const mistakes: string[] = [];
  const wanted = [
    ...[...feature.requires, ...feature.conflicts].map((rule) => rule.capability),
    ...[
      ...feature.files,
      ...feature.slots,
      ...feature.env,
      ...feature.parts,
      ...feature.variants,
      ...feature.programs,
    ]
      .flatMap(({ when }) => when?.split('&') ?? [])
      .map((term) => term.replace('!', '')),
  ];
  for (const capability of new Set(wanted)) {
    if (!provided.has(capability)) {
      mistakes.push(`${folder}/feature.json: no feature provides "${capability}"`);
    }
  }
  for (const { file, template } of [...feature.files, ...feature.slots]) {
    for (const capability of new Set(capabilitiesAsked(template?.text ?? ''))) {
      if (!provided.has(capability)) mistakes.push(`${file}: no feature provides "${capability}"`);
    }
  }
  const seen = new Set<string>();
  for (const { slot, file } of feature.slots) {
    if (!catalog.slots.includes(slot)) mistakes.push(`${file}: no template opens {{> ${slot}}}`);
    // `fields.ts` and `fields.token.ts` are two fragments on purpose, `fields.ts` and `fields.txt` are not.
    const fragment = file.replace(/\.hbs$/, '').replace(/\.[^./]*$/, '');
    if (seen.has(fragment)) mistakes.push(`${file}: a second fragment for ${slot}`);
    seen.add(fragment);
  }
  const paths = new Set<string>();
  for (const { path, file, when } of feature.files) {
    // Two with different conditions may exclude each other; where they do not, the plan refuses them.
    const place = `${path} ${when ?? ''}`;
    if (paths.has(place)) mistakes.push(`${file}: a second file for ${path}`);
    paths.add(place);
  }
  return mistakes;
}

/** The capabilities that a template asks for: `{{#if has.auth}}`. */
function capabilitiesAsked(text: string): string[] {
  return [...text.matchAll(/\{\{#(?:if|unless) has\.([^\s}]+)/g)].map(([, name = '']) => name);
}
