import type { RenderFunction } from '../catalog/types.js';
import { renderBlueprint } from '../plan/render.js';
import { ts } from '../text/encoders.js';
import { type Expression, object, type Property, print, text } from './expression.js';
import type { PrimitiveNames } from './names.js';
import type { Param } from './params.js';
import { inputSchema, sampleValue, valueExpression, wrongValue } from './tool-schema.js';

/** A tool as `add-tool` writes it first. */
export interface ToolDraft extends PrimitiveNames {
  readonly description: string;
  readonly params: readonly Param[];
  readonly readOnly: boolean;
  /** Scopes that a caller needs. */
  readonly scopes: readonly string[];
}

/**
 * The text of a tool's module and of its test. Until the tool is implemented, it returns its validated
 * input: the server runs at once, and the test covers defaults and rejected input.
 */
export function renderTool(
  draft: ToolDraft,
  blueprints: Readonly<Record<string, RenderFunction>>,
): { tool: string; test: string } {
  const render = (name: string, context: object): string => {
    const template = blueprints[name];
    if (!template) throw new Error(`The templates have no tool/${name}.hbs.`);
    return renderBlueprint(template, name, context);
  };
  return {
    tool: render('tool.ts', toolContext(draft)),
    test: render('test.ts', testContext(draft)),
  };
}

const SCOPES = 'scopes: ';

function toolContext(draft: ToolDraft): object {
  const schema = print(inputSchema(draft.params), 0, 'const Input = '.length);
  const scopes = draft.scopes.length > 0 && print(valueExpression(draft.scopes), 2, SCOPES.length);
  return { ...draft, inputSchema: schema, destructive: !draft.readOnly, scopes };
}

function testContext({ name, params, scopes }: ToolDraft): object {
  const required = params.filter((param) => !param.optional && param.default === undefined);
  const given = required.map(
    (param): Property => [param.name, valueExpression(sampleValue(param))],
  );
  const received = params
    .filter((param) => !param.optional)
    .map((param): Property => [param.name, valueExpression(param.default ?? sampleValue(param))]);
  const expected = object([['received', object(received)]]);
  const expectation: Expression = {
    kind: 'chain',
    head: 'expect(result.structuredContent)',
    calls: [{ name: 'toEqual', args: [expected] }],
  };
  const [victim = params[0]] = required;
  return {
    name,
    call: printCall(name, given),
    expectation: print(expectation, 2),
    refused: scopes.length > 0 && printRefusedCall(name, given),
    wrong: victim ? { param: victim.name, call: printCall(name, withWrong(given, victim)) } : false,
  };
}

function withWrong(given: readonly Property[], victim: Param): Property[] {
  const others = given.filter(([key]) => key !== victim.name);
  return [...others, [victim.name, valueExpression(wrongValue(victim))]];
}

/** `await callTool(app, 'search_orders', { … })`, as the right side of `const result = `. */
function printCall(name: string, input: readonly Property[]): string {
  const args = [...firstArgs(name), ...(input.length > 0 ? [object(input)] : [])];
  return print(callOf('await callTool', args), 2, 'const result = '.length);
}

/** `callTool(app, 'search_orders', { … }, stranger)`, as the right side of `const call = `. */
function printRefusedCall(name: string, input: readonly Property[]): string {
  const args = [...firstArgs(name), object(input), text('stranger')];
  return print(callOf('callTool', args), 2, 'const call = '.length);
}

const firstArgs = (name: string): Expression[] => [text('app'), text(ts(name))];

const callOf = (head: string, args: readonly Expression[]): Expression => ({
  kind: 'chain',
  head,
  calls: [{ name: '', args }],
});
