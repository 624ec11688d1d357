import { describe, expect, test } from 'vitest';
import type { Axis, AxisDefault, Catalog, Feature } from '../../src/catalog/types.js';
import { projectName, type WizardAnswers } from '../../src/wizard/answers.js';
import { previewLines } from '../../src/wizard/preview-lines.js';
import type { ChoiceQuestion, QuestionContext } from '../../src/wizard/questions.js';
import { questions } from '../../src/wizard/questions.js';
import { WizardMachine, type WizardState } from '../../src/wizard/state.js';
import { feature } from '../support/feature.js';

const EMPTY = feature({ axis: 'base', id: 'base', label: 'base' });

function axis(
  id: string,
  order: number,
  features: Readonly<Record<string, Partial<Feature>>>,
  more: Partial<Axis> & { readonly defaults: readonly AxisDefault[] },
): Axis {
  const all = Object.entries(features).map(([feature, part]) => {
    return { ...EMPTY, axis: id, id: feature, label: feature.toUpperCase(), ...part };
  });
  const base = { question: `${id}?`, help: id, multiple: false, asksWhen: null, must: {} };
  return { id, order, ...base, ...more, features: all };
}

const rule = (capability: string) => ({
  capability,
  because: `It needs ${capability}.`,
  instead: `Add ${capability}.`,
});

/** A shop: what it sells, how it is reached, who guards the web door, where it stands. */
const catalog: Catalog = {
  base: EMPTY,
  slots: [],
  blueprints: {},
  kit: { files: {}, dependencies: {}, devDependencies: {} },
  axes: [
    axis(
      'goods',
      1,
      { tea: {}, salt: {}, ice: { requires: [rule('cold')] } },
      { defaults: [{ value: ['tea'] }] },
    ),
    axis(
      'door',
      2,
      { street: { provides: ['street'] }, web: { provides: ['web'] } },
      { multiple: true, defaults: [{ value: ['street', 'web'] }] },
    ),
    axis(
      'guard',
      3,
      { none: {}, key: { requires: [rule('web')] } },
      { asksWhen: 'web', defaults: [{ when: 'web', value: ['key'] }, { value: ['none'] }] },
    ),
    axis(
      'room',
      4,
      { warm: { provides: ['warm'] }, cellar: { provides: ['cold'] } },
      { defaults: [{ value: ['warm'] }] },
    ),
    axis(
      'sign',
      5,
      { none: { exclusive: true }, board: {}, neon: { requires: [rule('web')] } },
      { multiple: true, defaults: [{ when: 'web', value: ['board'] }, { value: ['none'] }] },
    ),
  ],
};

const asked = (given: WizardAnswers, answers: WizardAnswers = given) =>
  questions(catalog, answers, { given }).map(({ id }) => id);

function choice(
  id: string,
  answers: WizardAnswers,
  context: QuestionContext = { given: {} },
): ChoiceQuestion {
  const found = questions(catalog, answers, context).find((question) => question.id === id);
  if (found?.kind !== 'choice') throw new Error(`${id} is not asked.`);
  return found;
}

const blocked = (question: ChoiceQuestion) =>
  Object.fromEntries(question.options.map((option) => [option.id, option.blocked]));

describe('what is asked', () => {
  test('everything, in the order of the catalog, between the directory and the description', () => {
    expect(asked({}, { choices: { door: ['web'] } })).toEqual([
      'directory',
      'goods',
      'door',
      'guard',
      'room',
      'sign',
      'description',
    ]);
  });

  test('not what flags have answered', () => {
    const given = { directory: 'x', description: 'y', choices: { goods: 'tea', room: ['warm'] } };
    expect(asked(given)).toEqual(['door', 'sign']);
  });

  test('not what does not apply', () => {
    expect(asked({ choices: { door: ['street'] } })).not.toContain('guard');
    expect(asked({ choices: { door: 'street,web' } })).toContain('guard');
  });

  test('not what has one possible answer that is the default', () => {
    const cold = { choices: { goods: ['ice'] } };
    // The default, warm, is not possible: that a person should see.
    expect(blocked(choice('room', cold))).toEqual({ warm: 'It needs cold.', cellar: null });
    const narrow: Catalog = { ...catalog, axes: catalog.axes.filter(({ id }) => id !== 'sign') };
    const only = axis(
      'sign',
      5,
      { none: {}, neon: { requires: [rule('web')] } },
      {
        defaults: [{ value: ['none'] }],
      },
    );
    const answers = { choices: { door: ['street'] } };
    const ids = questions({ ...narrow, axes: [...narrow.axes, only] }, answers, { given: {} });
    expect(ids.map(({ id }) => id)).not.toContain('sign');
  });
});

describe('options', () => {
  test('the default is preselected, as far as what is known allows', () => {
    expect(choice('sign', { choices: { door: ['web'] } }).preselected).toEqual(['board']);
    expect(choice('sign', { choices: { door: ['street'] } }).preselected).toEqual(['none']);
    expect(choice('room', { choices: { goods: ['ice'] } }).preselected).toEqual(['cellar']);
  });

  test('what the machine detected, and an earlier answer, come before the default', () => {
    const context = { given: {}, detected: { room: 'cellar' } };
    expect(choice('room', {}, context).preselected).toEqual(['cellar']);
    expect(choice('room', { choices: { room: ['warm'] } }, context).preselected).toEqual(['warm']);
  });

  test('a rule that earlier answers break blocks an option, with the reason', () => {
    expect(blocked(choice('sign', { choices: { door: ['street'] } }))).toEqual({
      none: null,
      board: null,
      neon: 'It needs web.',
    });
  });

  test('a rule that a later question can still meet blocks nothing', () => {
    expect(blocked(choice('goods', {}))).toEqual({
      tea: null,
      salt: null,
      ice: null,
    });
  });

  test('flags count wherever their question stands', () => {
    const given = { choices: { room: 'warm' } };
    expect(blocked(choice('goods', given, { given }))).toEqual({
      tea: null,
      salt: null,
      ice: 'It needs cold.',
    });
  });

  test('a rule that another option of the same question meets blocks nothing', () => {
    const needy = axis(
      'goods',
      1,
      { ice: { requires: [rule('web')] } },
      {
        defaults: [{ value: ['ice'] }],
      },
    );
    const shop: Catalog = { ...catalog, axes: [needy, ...catalog.axes.slice(1)] };
    const machine = new WizardMachine(shop, { given: { choices: { goods: 'ice' } } });
    const first = machine.current(machine.start());
    if (!first) throw new Error('Nothing is asked.');
    const state = machine.answer(machine.start(), first, 'shop');
    const door = machine.current(state);
    expect(door).toMatchObject({ id: 'door', options: [{ blocked: null }, { blocked: null }] });
    expect(door && machine.check(state, door, ['street'])).toBe('It needs web.');
    expect(door && machine.check(state, door, ['street', 'web'])).toBeNull();
  });

  test('later answers do not, so that going back locks nothing', () => {
    expect(blocked(choice('goods', { choices: { room: ['warm'] } }))).toEqual({
      tea: null,
      salt: null,
      ice: null,
    });
  });
});

describe('text', () => {
  const text = (
    id: string,
    given: WizardAnswers = {},
    answers = given,
    check?: (d: string) => string | null,
  ) => {
    const context = { given, ...(check ? { checkDirectory: check } : {}) };
    const found = questions(catalog, answers, context).find((question) => question.id === id);
    if (found?.kind !== 'text') throw new Error(`${id} is not asked.`);
    return found;
  };

  test('a directory is checked for the name it stands for', () => {
    const { check, fallback } = text('directory');
    expect(fallback).toBe('./my-mcp-server');
    expect(check('')).toBeNull();
    expect(check('some/where/good-name')).toBeNull();
    expect(check('Bad Name')).toMatch(/a space.*Try bad-name/);
  });

  test('with --name only the place counts', () => {
    const { check, fallback } = text('directory', { name: 'shop' });
    expect(fallback).toBe('./shop');
    expect(check('Bad Name')).toBeNull();
  });

  test('a directory that cannot be used says why', () => {
    expect(text('directory', {}, {}, (d) => `${d} is full.`).check('shop')).toBe('shop is full.');
  });

  test('the description has a default with the name in it', () => {
    expect(text('description', {}, { name: 'shop' }).fallback).toContain('shop');
    expect(text('description').check('\u0007')).toContain('control character');
  });
});

describe('the way through', () => {
  const machine = new WizardMachine(catalog, { given: {} });
  const step = (state: WizardState, value: string | readonly string[]): WizardState => {
    const question = machine.current(state);
    if (!question) throw new Error('All is answered.');
    expect(machine.check(state, question, value)).toBeNull();
    return machine.answer(state, question, value);
  };
  const walk = (...values: (string | readonly string[])[]) => values.reduce(step, machine.start());
  const all = () => walk('shop', 'tea', ['street', 'web'], 'key', 'warm', ['board'], '');

  test('ends with all answers', () => {
    const state = all();
    expect(machine.current(state)).toBeNull();
    expect(state.answers).toEqual({
      directory: 'shop',
      description: undefined,
      choices: {
        goods: ['tea'],
        door: ['street', 'web'],
        guard: ['key'],
        room: ['warm'],
        sign: ['board'],
      },
    });
  });

  test('back goes to the question before, with its answer preselected, to the first and no further', () => {
    let state: WizardState | null = walk('shop', 'ice');
    state = machine.back(state);
    const question = state && machine.current(state);
    expect(question).toMatchObject({ id: 'goods', preselected: ['ice'] });
    state = state && machine.back(state);
    expect(state && machine.current(state)).toMatchObject({ id: 'directory', previous: 'shop' });
    expect(state && machine.back(state)).toBeNull();
  });

  test('a changed directory changes the name, unless a flag gave it', () => {
    const state = machine.reopen(all(), 'directory');
    const { answers } = step(state, 'x/kiosk');
    expect(projectName(catalog, answers)).toBe('kiosk');
    expect(projectName(catalog, { ...answers, name: 'shop' })).toBe('shop');
  });

  test('changing one answer keeps the others', () => {
    const state = step(machine.reopen(all(), 'goods'), 'tea');
    expect(machine.current(state)).toBeNull();
    expect(state).toEqual(all());
  });

  test('a change that makes a later answer impossible asks that one again', () => {
    const state = step(machine.reopen(all(), 'goods'), 'ice');
    expect(machine.current(state)).toMatchObject({ id: 'room', preselected: ['cellar'] });
  });

  test('a change that takes a question away takes its answer away', () => {
    const state = step(machine.reopen(all(), 'door'), ['street']);
    expect(machine.current(state)).toBeNull();
    expect(state.answers.choices).not.toHaveProperty('guard');
    const again = step(machine.reopen(state, 'door'), ['web']);
    expect(machine.current(again)).toMatchObject({ id: 'guard' });
  });

  test('an answer whose question is gone does not have later ones asked again', () => {
    const defaults = [{ value: ['none'] }];
    const sign = axis('sign', 5, { none: {}, neon: { requires: [rule('web')] } }, { defaults });
    const pay = axis('pay', 6, { cash: {}, card: {} }, { defaults: [{ value: ['cash'] }] });
    const shop = { ...catalog, axes: [...catalog.axes.slice(0, 4), sign, pay] };
    const choices = { goods: ['tea'], guard: ['none'], room: ['warm'] };
    const given = { directory: 'shop', description: 'x', choices };
    const keeper = new WizardMachine(shop, { given });
    let state = keeper.start();
    for (const value of [['web'], 'neon', 'card', ['street']]) {
      const next = keeper.current(state) ?? keeper.current(keeper.reopen(state, 'door'));
      if (next) state = keeper.answer(state, next, value);
    }
    expect(keeper.current(state)).toBeNull();
    expect(state.answers.choices).toEqual({ ...choices, door: ['street'], pay: ['card'] });
  });

  test('a selection needs something, and an exclusive option stands alone', () => {
    const state = walk('shop', 'tea', ['street', 'web'], 'key', 'warm');
    const sign = machine.current(state);
    if (!sign) throw new Error('sign is not asked.');
    expect(machine.check(state, sign, [])).toBe('Choose at least one.');
    expect(machine.check(state, sign, ['none', 'board'])).toBe(
      'NONE cannot be combined with other options.',
    );
    expect(machine.check(state, sign, ['board', 'neon'])).toBeNull();
  });
});

test('the preview keeps quoted words of the command together and shows line breaks', () => {
  const description = `'${'very long words '.repeat(8)}\nend'`;
  const preview = {
    name: 'shop',
    files: 3,
    folders: [['src', 2]] as const,
    topLevel: ['package.json'],
    dependencies: ['zod'],
    devDependencies: [],
    command: `npx create-mcp-server shop --description ${description} --yes`,
  };
  const text = previewLines(preview, './shop', { columns: 80, rows: 40 }).join('\n');
  expect(text).toContain(description.replace('\n', '⏎'));
  expect(text).toContain('src/ (2)');
  expect(text).not.toContain('Built with');
  for (const rows of [24, 16, 12, 10]) {
    const lines = previewLines(preview, './shop', { columns: 80, rows });
    expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 8));
    expect(lines.join('\n')).toContain('3 files');
  }
});
