import type { Files } from './render.js';

const always = (id: string) => [{ value: [id] }];

/** A small template folder with one of everything, for tests of the machinery. */
export const TOY: Files = {
  'base/feature.json': {
    label: 'base',
    facts: { greeting: 'hello' },
    seeds: ['README.md', 'src/tools/**'],
    env: [{ name: 'LOG_LEVEL', description: 'How much to log.', default: 'info' }],
  },
  'base/package.json': {
    private: true,
    type: 'module',
    scripts: { build: 'tsc', check: 'true' },
    dependencies: { zod: '4.0.0' },
  },
  'base/files/_gitignore': 'dist/\n',
  'base/files/_github/workflows/ci.yml': `run: \${{ github.ref }}\n`,
  'base/files/src/app.ts.hbs':
    "import { z } from './z.js';\n{{> app/imports}}\n\nexport const app = {\n  {{tsProperty 2 'about' description}}\n\n  {{> app/parts}}\n};\n",
  'base/files/src/tools/index.ts': "export { x } from './x.js';\n",
  'base/files/README.md.hbs': '# {{name}}\n\n{{md description}}\n\n{{> readme/run}}\n',
  'base/files/env.txt.hbs':
    '{{#each env}}{{name}}={{#if default}}{{default}}{{/if}}\n{{/each}}# {{generator}} {{facts.greeting}}\n',
  'store/axis.json': {
    order: 10,
    question: 'Where?',
    help: 'where',
    defaults: [{ when: 'web', value: ['disk'] }, { value: ['none'] }],
  },
  'store/none/feature.json': { label: 'none', order: 90 },
  'store/disk/feature.json': {
    label: 'Disk',
    order: 10,
    provides: ['store'],
    facts: { place: 'disk' },
    env: [{ name: 'DISK', description: 'Where it is.', example: '/data' }],
    when: { 'files/src/web-disk.ts': 'web', 'slots/readme/': 'web' },
  },
  'store/disk/package.json': { dependencies: { disk: '1.0.0' }, scripts: { build: 'tsc' } },
  'store/disk/files/src/disk.ts.hbs': 'export const place = {{ts facts.place}};\n',
  'store/disk/files/src/web-disk.ts': 'export {};\n',
  'store/disk/slots/app/imports.ts.hbs': "import { disk } from './disk.js';\n",
  'store/disk/slots/app/parts.ts.hbs': 'disk,\n{{> disk/extra}}\n',
  'store/disk/slots/readme/run.md': '## Disk\n',
  'reach/axis.json': {
    order: 20,
    question: 'How?',
    help: 'how',
    multiple: true,
    defaults: [{ value: ['pipe'] }],
  },
  'reach/pipe/feature.json': { label: 'Pipe', order: 10, provides: ['pipe'] },
  'reach/web/feature.json': {
    label: 'Web',
    order: 20,
    provides: ['web'],
    requires: [
      { capability: 'store', because: 'The web needs a store.', instead: 'Use --store disk.' },
    ],
  },
  'reach/web/slots/app/parts.ts.hbs': 'web,\n\n\n',
  'reach/web/slots/disk/extra.ts.hbs': 'cache,\n',
  'reach/alone/feature.json': { label: 'Alone', order: 30, exclusive: true },
  'guard/axis.json': {
    order: 30,
    question: 'Who?',
    help: 'who',
    asksWhen: 'web',
    defaults: always('open'),
  },
  'guard/open/feature.json': { label: 'Open' },
  'guard/closed/feature.json': {
    label: 'Closed',
    conflicts: [
      { capability: 'pipe', because: 'A pipe cannot be closed.', instead: 'Use --guard open.' },
    ],
  },
  'package-manager/axis.json': {
    order: 40,
    question: 'Which?',
    help: 'which',
    defaults: always('npm'),
  },
  'package-manager/npm/feature.json': { label: 'npm' },
  'package-manager/bun/feature.json': { label: 'bun' },
  'package-manager/bun/package.json': { packageManager: 'bun@1.0.0' },
  'tool/tool.ts.hbs': 'export const name = {{ts name}};\n',
};
