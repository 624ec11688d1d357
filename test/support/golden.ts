/** Whole projects as text that a reviewer can read, for the golden files in `test/golden/`. */
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import type { Catalog } from '../../src/catalog/types.js';
import { UsageError } from '../../src/errors.js';
import type { Plan, PlannedFile, ProjectSpec, SpecInput } from '../../src/model.js';
import { chosenFeatures } from '../../src/plan/choose.js';
import { KIT_ORIGIN } from '../../src/plan/kit.js';
import { MANIFEST_PATH } from '../../src/plan/manifest.js';
import { planProject, realCatalog, textOf } from './projects.js';

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

/** The presets whose rendered files are printed in full. Of the others, the deltas show what is different. */
export const inFull: readonly string[] = ['default'];

/**
 * The tree of a project: for each file its number of lines, a short hash and its origin, and the kit's files by room. After it the text of the files that
 * were rendered when `contents` is true: of those that are copied, the source is the text to review.
 */
export async function projectListing(choices: Answers, contents: boolean): Promise<string> {
  const { spec, plan } = await planProject({ choices });
  const copied = await copiedFiles(spec);
  const head = Object.entries(spec.choices).map(([axis, ids]) => `--${axis} ${ids.join(',')}`);
  const own = [...plan.keys()].filter((path) => !isOfKit(path, plan));
  const width = Math.max(...own.map((path) => path.length));
  const tree = [
    ...own.map((path) => `${path.padEnd(width)} ${oneLine(path, plan)}`),
    ...rooms([...plan.keys()].filter((path) => isOfKit(path, plan))),
  ];
  const rendered = contents ? [...plan.keys()].filter((path) => !copied.has(path)) : [];
  const texts = rendered.map((path) => section(path, plan));
  return [`${head.join('\n')}\n\n${tree.join('\n')}\n`, ...texts].join('\n');
}

/** The paths of the files that are copied as they are: from the features' folders and from the kit. */
async function copiedFiles(spec: ProjectSpec): Promise<ReadonlySet<string>> {
  const catalog = await realCatalog();
  const verbatim = chosenFeatures(catalog, spec).flatMap(({ files }) =>
    files.filter(({ render }) => render === null).map(({ path }) => path),
  );
  return new Set([...verbatim, ...Object.keys(catalog.kit.files).map((path) => `src/kit/${path}`)]);
}

/** Files of the kit are the same in every project: what is to review is which ones a project has, in a line for each room. */
const isOfKit = (path: string, plan: Plan) => plan.get(path)?.origin === KIT_ORIGIN;

function rooms(paths: readonly string[]): string[] {
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  return folders.map((folder) => {
    const files = paths.filter((path) => dirname(path) === folder);
    return `${folder}/ ${files.map((path) => basename(path)).join(' ')}`;
  });
}

/** Lines, hash and origin. The manifest has the hashes of all others, so its own would only repeat that one changed. */
function oneLine(path: string, plan: Plan): string {
  const file = plan.get(path);
  if (file === undefined) throw new Error(`${path} is not planned`);
  const text = textOf(plan, path);
  const hash = path === MANIFEST_PATH ? '-'.repeat(8) : shortHash(text);
  return `${lineCount(text)}  ${hash}  ${originOf(file)}`;
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
  const copied = {
    before: await copiedFiles(before.spec),
    after: await copiedFiles(after.spec),
  };
  const isCopied = (path: string) =>
    (copied.before.has(path) || !before.plan.has(path)) &&
    (copied.after.has(path) || !after.plan.has(path));
  const isKit = (path: string) => isOfKit(path, before.plan) || isOfKit(path, after.plan);
  const [gone, come] = [
    [before.plan, after.plan],
    [after.plan, before.plan],
  ].map(([one, other]) =>
    rooms(paths.filter((path) => isKit(path) && one?.has(path) && !other?.has(path))),
  );
  const swaps = [
    ...paths
      .filter((path) => isCopied(path) && !isKit(path))
      .flatMap((path) => swap(path, before.plan, after.plan)),
    ...(gone ?? []).map((room) => `- ${room}`),
    ...(come ?? []).map((room) => `+ ${room}`),
  ];
  const patches = paths
    .filter((path) => !isCopied(path))
    .flatMap((path) => patch(path, before.plan, after.plan));
  const parts = [head.join('\n'), ...(swaps.length > 0 ? [swaps.join('\n')] : []), ...patches];
  return `${parts.join('\n\n')}\n`;
}

/** A copied file that came, went or changed, in a line for each side. */
function swap(path: string, before: Plan, after: Plan): string[] {
  const [old, young] = [before, after].map((plan) => (plan.has(path) ? oneLine(path, plan) : ''));
  if (old === young) return [];
  return [...(old ? [`- ${path} ${old}`] : []), ...(young ? [`+ ${path} ${young}`] : [])];
}

function patch(path: string, before: Plan, after: Plan): string[] {
  const text = (plan: Plan) => (plan.has(path) ? shown(path, plan) : '');
  const [old, young] = [text(before), text(after)];
  if (old === young) return [];
  if (old === '') return [`=== ${path} (new)\n${young.trimEnd()}`];
  if (young === '') return [`=== ${path} (gone)`];
  const lines = createTwoFilesPatch('', '', old, young, '', '', { context: 2 }).split('\n');
  return [`=== ${path}\n${shorten(lines.slice(4)).join('\n').trimEnd()}`];
}

/** A patch in which of many lines that go, which stand in the default project, the first and the last are left. */
function shorten(lines: readonly string[]): string[] {
  const runs = lines.join('\n').split(/(?<=^-.*\n)(?!-)|(?<=^[^-].*\n|^\n)(?=-)/m);
  return runs.flatMap((run) => {
    const gone = run.replace(/\n$/, '').split('\n');
    if (!run.startsWith('-') || gone.length < 5) return gone;
    return [gone[0] ?? '', `- … ${gone.length - 2} lines`, gone.at(-1) ?? ''];
  });
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

/**
 * The manifest without its hashes, which would only repeat that another file has changed. Of a dashboard, what its panels
 * ask for: where they stand and how they look is in the template as it is here.
 */
function shown(path: string, plan: Plan): string {
  const text = textOf(plan, path);
  if (path.endsWith('/dashboard.json')) return panels(text);
  if (path !== MANIFEST_PATH) return text;
  return `${JSON.stringify({ ...JSON.parse(text), files: '…' }, null, 2)}\n`;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

function panels(dashboard: string): string {
  const all = (JSON.parse(dashboard) as { readonly panels: readonly Panel[] }).panels;
  return all
    .flatMap(({ title, targets = [] }) => [title, ...targets.map(({ expr }) => `  ${expr}`)])
    .map((line) => `${line}\n`)
    .join('');
}
