/** Rendering in memory for tests: every possible set of answers, and small template folders. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Axis, Catalog } from '../../src/catalog/types.js';
import { UsageError } from '../../src/errors.js';
import type { Choices, Plan, ProjectSpec, SpecInput } from '../../src/model.js';
import { resolveSpec } from '../../src/project-spec/index.js';

export const TEMPLATES = resolve('templates');
export const KIT = resolve('kit');
export const VERSION = '0.0.0-test';

export interface Answer {
  readonly choices: Choices;
  /** The spec, or why there is none. */
  readonly result: ProjectSpec | UsageError;
}

/**
 * Sets of answers that name a value on each axis, legal or not: every kind of answer on each axis with every one on the others, but of
 * starters the first, and of the rest one in its turn. Axes of additions, which do not know each other, contribute none of them (to every other set), one in its turn, and all that go together with the rest,
 * never their power set: one more addition is no more specs, but another turn.
 */
export function everyAnswer(catalog: Catalog, base: SpecInput = {}): Answer[] {
  const resolve = (choices: Choices): Answer => {
    try {
      return { choices, result: resolveSpec({ name: 'my-server', ...base, choices }, catalog) };
    } catch (error) {
      if (error instanceof UsageError) return { choices, result: error };
      throw error;
    }
  };
  const turn = takeTurns(catalog.axes);
  const additions = catalog.axes.filter(isOfAdditions);
  const nothing = Object.fromEntries(additions.map((axis) => [axis.id, exclusivesOf(axis)]));
  const isLegal = (choices: Choices) =>
    !(resolve({ ...nothing, ...choices }).result instanceof UsageError);
  const met = new Tally();
  return combinations(catalog.axes, isLegal).flatMap((choices, index) => {
    const answer = (more: Choices) => resolve(turn({ ...choices, ...nothing, ...more }));
    const single = additions.flatMap((axis) =>
      additionsOf(axis).map((id) => ({ axis, id, choices: { [axis.id]: [id] } })),
    );
    const legal = single.filter((one) => isLegal({ ...choices, ...one.choices }));
    const all = additions.map((axis) => {
      const ids = legal.filter((one) => one.axis === axis).map(({ id }) => id);
      return [axis.id, ids.length > 0 ? ids : exclusivesOf(axis)] as const;
    });
    const one = met.leastMet(
      (legal.length > 0 ? legal : single).map((candidate) => ({
        ...choices,
        ...nothing,
        ...candidate.choices,
      })),
    );
    // None together with one.
    const absurd = additions.map((axis) =>
      answer({ [axis.id]: [...exclusivesOf(axis), ...additionsOf(axis).slice(0, 1)] }),
    );
    return [
      // Half of them: a project without additions differs from one with a single one only by what that brings.
      ...(index % 2 === 0 ? [answer({})] : []),
      ...one.map(answer),
      ...(legal.length > 1 ? [answer(Object.fromEntries(all))] : []),
      ...absurd,
    ];
  });
}

/** Every spec that is allowed. */
export function everySpec(catalog: Catalog, base: SpecInput = {}): ProjectSpec[] {
  return everyAnswer(catalog, base).flatMap(({ result }) =>
    result instanceof UsageError ? [] : result,
  );
}

/** Text of one planned file; fails when there is none. */
export function textOf(plan: Plan, path: string): string {
  const file = plan.get(path);
  if (file === undefined) throw new Error(`${path} is not planned; there is ${[...plan.keys()]}`);
  return String(typeof file.contents === 'string' ? file.contents : Buffer.from(file.contents));
}

/** Files by path: text as it is, anything else as JSON. */
export type Files = Readonly<Record<string, unknown>>;

/** Writes files into a new temporary folder and gives its path. The caller removes it. */
export async function writeFolder(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-test-'));
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/**
 * Features of one axis that provide and require the same: neither a rule nor a template can tell them apart, so they take turns
 * in place of being combined with everything. Package managers are such, and databases of one kind.
 */
function twins({ features }: Axis): string[][] {
  const kinds = new Map<string, string[]>();
  for (const { id, provides, requires } of features) {
    const kind = JSON.stringify([[...provides].sort(), requires]);
    kinds.set(kind, [...(kinds.get(kind) ?? []), id]);
  }
  return [...kinds.values()];
}

/** Puts the next one of its kind into the place of each answer; one more each time round, so that the same do not always meet. */
function takeTurns(axes: readonly Axis[]): (choices: Choices) => Choices {
  const kinds = new Map(
    axes.filter(({ multiple }) => !multiple).map((axis) => [axis.id, twins(axis)]),
  );
  const taken = new Map<readonly string[], number>();
  return (choices) =>
    Object.fromEntries(
      Object.entries(choices).map(([axis, ids]) => {
        const kind = kinds.get(axis)?.find((some) => some.includes(ids[0] ?? ''));
        if (kind === undefined || kind.length === 1) return [axis, ids];
        const index = taken.get(kind) ?? 0;
        taken.set(kind, index + 1);
        return [axis, [kind[(index + Math.floor(index / kind.length)) % kind.length] ?? '']];
      }),
    );
}

/** Has many answers, whose files meet those of other axes in the same way: the first stands beside everything, of the rest one in its turn. */
const CROWD = 'starter';

/** Every answer on each axis with every one on the others, without axes of additions. */
function combinations(axes: readonly Axis[], isLegal: (choices: Choices) => boolean): Choices[] {
  const crowd = axes.find(({ id }) => id === CROWD);
  const others = axes
    .filter((axis) => !isOfAdditions(axis) && axis !== crowd)
    .reduce<Choices[]>(
      (before, axis) =>
        before.flatMap((choices) => answers(axis).map((ids) => ({ ...choices, [axis.id]: ids }))),
      [{}],
    );
  if (crowd === undefined) return others;
  const [first = [], ...rest] = answers(crowd);
  const taken = new Tally();
  return others.flatMap((choices) => {
    const all = [first, ...rest].map((ids) => ({ [crowd.id]: ids, ...choices }));
    const legal = all.slice(1).filter(isLegal);
    return [...all.slice(0, 1), ...taken.leastMet(legal.length > 0 ? legal : all.slice(1))];
  });
}

/** Of several sets of answers it gives the one whose answers it has given together least often, so that in the end all have met. */
class Tally {
  readonly #met = new Map<string, number>();

  leastMet(candidates: readonly Choices[]): Choices[] {
    const [best] = candidates
      .map((choices) => ({ choices, pairs: pairsIn(choices) }))
      .map((one) => ({ ...one, met: one.pairs.map((pair) => this.#met.get(pair) ?? 0) }))
      // One pair that has never met counts more than all that have met often.
      .map((one) => ({
        ...one,
        gain: one.met.reduce((sum, count) => sum + 1 / (1 + count) ** 2, 0),
      }))
      .sort((a, b) => b.gain - a.gain);
    for (const pair of best?.pairs ?? []) this.#met.set(pair, (this.#met.get(pair) ?? 0) + 1);
    return best === undefined ? [] : [best.choices];
  }
}

function pairsIn(choices: Choices): string[] {
  const all = Object.entries(choices).map(([axis, ids]) => `${axis}=${ids.join('+')}`);
  return all.flatMap((one, index) => all.slice(index + 1).map((other) => `${one} & ${other}`));
}

/** Several may be chosen, or one that means none. */
export function isOfAdditions({ multiple, features }: Axis): boolean {
  return multiple && features.some(({ exclusive }) => exclusive);
}

const exclusivesOf = ({ features }: Axis) =>
  features.filter(({ exclusive }) => exclusive).map(({ id }) => id);
export const additionsOf = ({ features }: Axis) =>
  features.filter(({ exclusive }) => !exclusive).map(({ id }) => id);

/** What a person can answer on one axis: one feature of each kind, or on a multiple axis any set that is not empty. */
function answers(axis: Axis): string[][] {
  if (!axis.multiple) return twins(axis).map(([first = '']) => [first]);
  const ids = axis.features.map((feature) => feature.id);
  const sets: string[][] = [[]];
  for (const id of ids) sets.push(...sets.map((set) => [...set, id]));
  return sets.filter((set) => set.length > 0);
}
