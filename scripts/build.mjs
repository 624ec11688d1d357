/**
 * Bundles the CLI with its libraries and its precompiled templates into dist/. The published package has no runtime
 * dependencies, so everything that runs is in here.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const LICENSES = 'THIRD-PARTY-LICENSES.txt';

/** What every bundle of ours needs: libraries in CommonJS call `require` for Node's own modules. */
const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  // Handlebars uses it for source maps of templates, if installed.
  external: ['source-map'],
};

/** Runs our own code, which is TypeScript, to get the texts of the modules to replace. */
async function precompiled() {
  const folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-build-'));
  try {
    await build({
      ...common,
      entryPoints: ['src/catalog/precompile.ts', 'src/cli/precompile-help.ts'],
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      external: [...common.external, '../commands/index.js'],
    });
    const load = (file) => import(pathToFileURL(join(folder, file)).href);
    const { precompileCatalog, precompileOutline } = await load('catalog/precompile.mjs');
    const { precompileHelp } = await load('cli/precompile-help.mjs');
    const templates = join(root, 'templates');
    const kit = join(root, 'kit');
    const { axes, text } = await precompileOutline(templates, kit);
    return new Map([
      [join(root, 'src/catalog/embedded.ts'), await precompileCatalog(templates, kit)],
      [join(root, 'src/catalog/embedded-outline.ts'), text],
      [join(root, 'src/cli/embedded-help.ts'), precompileHelp(axes)],
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Puts the generated modules in the place of those that read the templates. */
const embed = (replacements) => ({
  name: 'embedded',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]src[\\/].*[\\/]embedded/ }, ({ path }) =>
      replacements.has(path)
        ? { contents: replacements.get(path), loader: 'js', resolveDir: dirname(path) }
        : null,
    );
  },
});

/**
 * Commander loads `node:child_process` for a kind of sub-command that we do not have. Loading it takes as long as
 * parsing all options, on every start: here it waits for somebody to ask.
 */
const lazyChildProcess = {
  name: 'lazy-child-process',
  setup(builder) {
    builder.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: 'child_process', namespace: 'lazy' } : null,
    );
    builder.onLoad({ filter: /.*/, namespace: 'lazy' }, () => ({
      contents: "module.exports = { get spawn() { return require('child_process').spawn; } };",
      loader: 'js',
    }));
  },
};

async function bundle(replacements) {
  return build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    outdir: dist,
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    minify: true,
    legalComments: 'external',
    metafile: true,
    write: false,
    plugins: [embed(replacements), lazyChildProcess],
  });
}

/** The licences of all packages that went into the bundle, and the legal comments of their files. */
async function licenses(metafile, comments) {
  const folders = new Set();
  for (const output of Object.values(metafile.outputs)) {
    for (const input of Object.keys(output.inputs)) {
      const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
      if (match) folders.add(join(root, match[1]));
    }
  }
  const texts = await Promise.all([...folders].map(licenseOf));
  const sections = [...new Set([...texts.sort(), ...comments])];
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  return `The code in this folder contains the following packages.${rule}${sections.join(rule)}\n`;
}

async function licenseOf(folder) {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  );
  const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file ? await readFile(join(folder, file), 'utf8') : '(no licence file)';
  return `${name} ${version} (${license})\n\n${text.trim()}`;
}

/** Writes before it deletes, so that a process that runs the old bundle keeps its files. */
async function write(files) {
  for (const [path, contents] of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !files.has(path)) await rm(path);
  }
}

const started = performance.now();
try {
  const { outputFiles, metafile } = await bundle(await precompiled());
  const isComment = (file) => file.path.endsWith('.LEGAL.txt');
  const comments = outputFiles.filter(isComment).map((file) => file.text.trim());
  const files = new Map(
    outputFiles.filter((file) => !isComment(file)).map((file) => [file.path, file.contents]),
  );
  files.set(join(dist, LICENSES), await licenses(metafile, comments));
  await write(files);
  const size = [...files.values()].reduce((sum, contents) => sum + contents.length, 0);
  const ms = Math.round(performance.now() - started);
  console.error(
    `${relative(root, dist)}/: ${files.size} files, ${Math.round(size / 1000)} kB, ${ms} ms`,
  );
} catch (error) {
  // esbuild has printed its own errors already.
  if (!error.errors) console.error(error.mistakes ? error.message : error);
  console.error(`${basename(fileURLToPath(import.meta.url))}: the build failed.`);
  process.exitCode = 1;
}
