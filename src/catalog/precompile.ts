/** For scripts/build.mjs: the catalog as a JavaScript module, templates already compiled. */
import { type AxisOutline, outlineOf } from './outline-of.js';
import { readCatalog } from './read.js';
import { CatalogError, type CatalogSource, type TemplateText } from './source.js';
import { precompile } from './template.js';

/**
 * Gives the source text of a module that takes the place of `embedded.ts`. Throws a `CatalogError` that names every
 * mistake in the templates of `dir` and the kit in the folder `kit`.
 */
export async function precompileCatalog(dir: string, kit: string): Promise<string> {
  const mistakes: string[] = [];
  const compile = ({ file, text }: TemplateText): string => {
    try {
      return `template(${precompile(text)})`;
    } catch (error) {
      mistakes.push(`${file}: ${(error as Error).message}`);
      return '';
    }
  };
  const catalog = moduleText(await readCatalog(dir, kit), compile);
  if (mistakes.length > 0) throw new CatalogError(mistakes);
  return catalog;
}

/** What flags and their help are made from, and as the text of a module that takes the place of `embedded-outline.ts`. */
export async function precompileOutline(
  dir: string,
  kit: string,
): Promise<{ axes: readonly AxisOutline[]; text: string }> {
  const axes = outlineOf((await readCatalog(dir, kit)).axes);
  const text = `export const embeddedOutline = () => Promise.resolve(${JSON.stringify(axes)});\n`;
  return { axes, text };
}

type CompileToText = (template: TemplateText) => string;

function moduleText(
  { base, axes, slots, blueprints, kit }: CatalogSource,
  compile: CompileToText,
): string {
  const feature = ({ files, slots, ...meta }: CatalogSource['base']): string =>
    object(meta, {
      files: array(files, ({ path, template, bytes, when }) =>
        object(
          { path, when },
          {
            render: template === null ? 'null' : compile(template),
            bytes: bytes === null ? 'null' : bytesText(bytes),
          },
        ),
      ),
      slots: array(slots, ({ slot, template, verbatim, when }) =>
        object(
          { slot, when },
          { render: verbatim ? `() => ${JSON.stringify(template.text)}` : compile(template) },
        ),
      ),
    });
  const axisTexts = array(axes, ({ features, ...meta }) =>
    object(meta, { features: array(features, feature) }),
  );
  const kinds = Object.entries(blueprints).map(([kind, templates]) => {
    const texts = Object.entries(templates).map(([name, text]) => [name, compile(text)]);
    return [kind, object({}, Object.fromEntries(texts))];
  });
  return `
import { handlebars } from './handlebars.js';
const { template } = handlebars;
const catalog = ${object(
    { slots, kit },
    {
      base: feature(base),
      axes: axisTexts,
      blueprints: object({}, Object.fromEntries(kinds)),
    },
  )};
export const embeddedCatalog = () => Promise.resolve(catalog);
`;
}

/** A JavaScript object of plain data and of members that are code. */
function object(data: object, code: Readonly<Record<string, string>>): string {
  const members = [
    ...Object.entries(data)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`),
    ...Object.entries(code).map(([key, text]) => `${JSON.stringify(key)}:${text}`),
  ];
  return `{${members.join(',')}}`;
}

function array<T>(items: readonly T[], text: (item: T) => string): string {
  return `[${items.map(text).join(',')}]`;
}

/** Text stays readable in the bundle, and compresses better than base64. */
function bytesText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes)
    ? `Buffer.from(${JSON.stringify(text)})`
    : `Buffer.from(${JSON.stringify(bytes.toString('base64'))}, 'base64')`;
}
