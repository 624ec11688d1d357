import { describe, expect, test } from 'vitest';
import { type Param, parseParam, parseParams } from '../../src/add/params.js';

const plain: Omit<Param, 'name' | 'type'> = {
  members: [],
  list: false,
  optional: false,
  default: undefined,
  description: undefined,
};

describe('parseParam', () => {
  test.each<[string, Param]>([
    ['customer:string', { ...plain, name: 'customer', type: 'string' }],
    [
      'customer:string:Customer id: the long one',
      { ...plain, name: 'customer', type: 'string', description: 'Customer id: the long one' },
    ],
    [
      'limit:int=20:How many',
      { ...plain, name: 'limit', type: 'int', default: 20, description: 'How many' },
    ],
    ['limit:int=-0', { ...plain, name: 'limit', type: 'int', default: 0 }],
    ['ratio:number=1.5e3', { ...plain, name: 'ratio', type: 'number', default: 1500 }],
    ['on:bool=false', { ...plain, name: 'on', type: 'bool', default: false }],
    [
      'state:enum(open, paid)?',
      { ...plain, name: 'state', type: 'enum', members: ['open', 'paid'], optional: true },
    ],
    [
      'state:enum(open,paid)=paid',
      { ...plain, name: 'state', type: 'enum', members: ['open', 'paid'], default: 'paid' },
    ],
    [
      'url:string="https://a:1":Where',
      { ...plain, name: 'url', type: 'string', default: 'https://a:1', description: 'Where' },
    ],
    ['text:string=', { ...plain, name: 'text', type: 'string', default: '' }],
    ['tags:string[]?', { ...plain, name: 'tags', type: 'string', list: true, optional: true }],
    [
      'tags:string[]=["a:b","c]"]:Tags',
      {
        ...plain,
        name: 'tags',
        type: 'string',
        list: true,
        default: ['a:b', 'c]'],
        description: 'Tags',
      },
    ],
    ['ids:int[]=[1,2]', { ...plain, name: 'ids', type: 'int', list: true, default: [1, 2] }],
    [
      'states:enum(a,b)[]',
      { ...plain, name: 'states', type: 'enum', members: ['a', 'b'], list: true },
    ],
  ])('%s', (text, param) => {
    expect(parseParam(text)).toEqual(param);
  });

  test.each([
    ['', 'start with a name'],
    ['limit', 'the type must be'],
    ['1a:string', 'start with a name'],
    ['a-b:string', 'start with a name'],
    ['__proto__:string', 'member of every'],
    ['constructor:string', 'member of every'],
    ['prototype:string', 'member of every'],
    ['a:str', 'the type must be'],
    ['a:strings', 'is unexpected'],
    ['a:int(1)', 'takes no values'],
    ['a:enum', 'lists its values'],
    ['a:enum()', 'lists its values'],
    ['a:enum(b,,c)', 'lists its values'],
    ['a:enum(b,b)', 'a value twice'],
    ['a:enum(b)=c', 'not one of'],
    ['a:int=1.5', 'not a whole number'],
    ['a:int=9007199254740993', 'not a whole number'],
    ['a:int=', 'not a whole number'],
    ['a:number=Infinity', 'not a number'],
    ['a:bool=yes', 'true or false'],
    ['a:int?=1', 'remove the ?'],
    ['a:string[]=b', 'is a JSON list'],
    ['a:int[]=["x"]', 'not a whole number'],
  ])('%s is refused', (text, reason) => {
    expect(parseParam(text)).toEqual({ problem: expect.stringContaining(reason) });
  });
});

test('parseParams reports every problem, and names that are given twice', () => {
  const { params, problems } = parseParams(['a:int', 'b:nope', 'a:string', 'c:int=x']);
  expect(params.map(({ name }) => name)).toEqual(['a']);
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('"b:nope"'),
    'The parameter "a" is given twice.',
    expect.stringContaining('"c:int=x"'),
  ]);
});
