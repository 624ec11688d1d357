/** Whole projects as text that a reviewer can read, for the golden files in `test/golden/`. */
import { createHash } from 'node:crypto';
import { createTwoFilesPatch } from 'diff';
import type { Catalog } from '../../src/catalog/types.js';
import { UsageError } from '../../src/errors.js';
import type { Plan, PlannedFile, SpecInput } from '../../src/model.js';
import { MANIFEST_PATH } from '../../src/plan/manifest.js';
import { planProject, textOf } from './projects.js';

type Answers = NonNullable<SpecInput['choices']>;

/** Answers by the name of their golden file. What is not answered is the default, as with `--yes`. */
export const presets: Readonly<Record<string, Answers>> = {
  default: {},
  smallest: { starter: 'minimal', transport: 'stdio' },
  'http-without-auth': { starter: 'minimal', transport: 'http', auth: 'none', deploy: 'none' },
  'http-with-sessions': {
    starter: 'minimal',
    transport: 'http,sessions',
    auth: 'none',
    deploy: 'none',
  },
  'jwt-on-kubernetes': { transport: 'http', auth: 'jwt', datastore: 'postgres', deploy: 'k8s' },
  'local-notes': { transport: 'stdio', 'package-manager': 'bun' },
  everything: {
    transport: 'stdio,http',
    auth: 'jwt',
    datastore: 'postgres',
    deploy: 'docker,fly,k8s',
    observability: 'prometheus,opentelemetry',
    'package-manager': 'pnpm',
  },
};

/** The presets whose files are printed in full. Of the others, the deltas show what is different. */
export const inFull: readonly string[] = ['default', 'smallest'];

/**
 * The tree of a project: for each file its number of lines and its origin. After it the text of all files when
 * `contents` is true; without, the tree has short hashes, so that no change goes unseen.
 */
export async function projectListing(choices: Answers, contents: boolean): Promise<string> {
  const { spec, plan } = await planProject({ choices });
  const head = Object.entries(spec.choices).map(([axis, ids]) => `--${axis} ${ids.join(',')}`);
  const width = Math.max(...[...plan.keys()].map((path) => path.length));
  const tree = [...plan.values()].map((file) => {
    const text = textOf(plan, file.path);
    const hash = contents || file.path === MANIFEST_PATH ? '' : `${shortHash(text)}  `;
    return `${file.path.padEnd(width)} ${lineCount(text)}  ${hash}${originOf(file)}`;
  });
  const texts = contents ? [...plan.keys()].map((path) => section(path, plan)) : [];
  return [`${head.join('\n')}\n\n${tree.join('\n')}\n`, ...texts].join('\n');
}

export interface Delta {
  /** Name of its golden file. */
  readonly name: string;
  readonly choices: Answers;
}

/**
 * One delta per feature that is not a default: the default project with that choice, and where that is not legal, with
 * the other choices that become the default beside it.
 */
export async function deltas(catalog: Catalog): Promise<Delta[]> {
  const { spec } = await planProject({});
  const found: Delta[] = [];
  for (const axis of catalog.axes) {
    const usual = spec.choices[axis.id] ?? [];
    const alone = axis.features.filter(({ exclusive }) => exclusive).map(({ id }) => id);
    const others = usual.filter((one) => !alone.includes(one));
    for (const { id, exclusive } of axis.features) {
      const isUsual = usual.includes(id);
      if (isUsual && usual.length === 1) continue;
      const value = axis.multiple && !exclusive && !isUsual ? [...others, id] : [id];
      const choices = { ...spec.choices, [axis.id]: value };
      const choice = (await isLegal(choices)) ? choices : { [axis.id]: value };
      found.push({ name: `${axis.id}-${id}`, choices: choice });
    }
  }
  return found;
}

async function isLegal(choices: Answers): Promise<boolean> {
  try {
    await planProject({ choices });
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** What these answers change in the default project, as a patch. */
export async function projectDelta(choices: Answers): Promise<string> {
  const [before, after] = [await planProject({}), await planProject({ choices })];
  const axes = Object.keys(after.spec.choices).filter(
    (axis) => String(after.spec.choices[axis]) !== String(before.spec.choices[axis]),
  );
  const head = axes.map((axis) => {
    const [from, to] = [before, after].map(({ spec }) => spec.choices[axis]?.join(','));
    return `--${axis} ${from} → ${to}`;
  });
  const paths = [...new Set([...before.plan.keys(), ...after.plan.keys()])].sort();
  const patches = paths.flatMap((path) => patch(path, before.plan, after.plan));
  return `${[head.join('\n'), ...patches].join('\n\n')}\n`;
}

function patch(path: string, before: Plan, after: Plan): string[] {
  const text = (plan: Plan) => (plan.has(path) ? shown(path, plan) : '');
  const [old, young] = [text(before), text(after)];
  if (old === young) return [];
  if (old === '') return [`=== ${path} (new)\n${young.trimEnd()}`];
  if (young === '') return [`=== ${path} (gone)`];
  const lines = createTwoFilesPatch('', '', old, young, '', '', { context: 2 }).split('\n');
  return [`=== ${path}\n${lines.slice(4).join('\n').trimEnd()}`];
}

function lineCount(text: string): string {
  return String(text.split('\n').length - 1).padStart(4);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function originOf(file: PlannedFile): string {
  return file.policy === 'seed' ? `${file.origin} (seed)` : file.origin;
}

function section(path: string, plan: Plan): string {
  return `=== ${path}\n${shown(path, plan)}`;
}

/** The manifest without its hashes, which would only repeat that another file has changed. */
function shown(path: string, plan: Plan): string {
  const text = textOf(plan, path);
  if (path !== MANIFEST_PATH) return text;
  return `${JSON.stringify({ ...JSON.parse(text), files: '…' }, null, 2)}\n`;
}
