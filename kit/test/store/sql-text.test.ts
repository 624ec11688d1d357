import { expect, test } from 'vitest';
import { MYSQL, POSTGRES, SQLITE, splitStatements } from '../../src/store/sql-text.js';

const texts = (script: string, dialect: typeof POSTGRES) =>
  splitStatements(script, dialect).map(({ text }) => text);

test('each statement has the line on which it begins', () => {
  const script = `-- first\n\nSELECT 1;\n/* two\nlines */ SELECT\n 2 ; ;\n  SELECT 3 -- last\n`;
  expect(splitStatements(script, POSTGRES)).toEqual([
    { text: 'SELECT 1', line: 3 },
    { text: 'SELECT\n 2', line: 5 },
    { text: 'SELECT 3 -- last', line: 7 },
  ]);
  expect(texts('/* a /* b */ c */ SELECT 1', POSTGRES)).toEqual(['SELECT 1']);
  expect(splitStatements(' \n-- nothing\n', POSTGRES)).toEqual([]);
});

test.each([
  ["SELECT 'a;b', 'it''s; x', \"c;d\"", SQLITE],
  ['SELECT [a;b], `c;d`', SQLITE],
  ['SELECT 1 -- a; b', SQLITE],
  ["SELECT 'C:\\'", POSTGRES],
  ["SELECT E'it\\'s; x'", POSTGRES],
  ["SELECT the_e'x\\'", POSTGRES],
  ['SELECT $$a; b$$, $tag$ $$ ; $tag$', POSTGRES],
  ['SELECT $1, a$b$, 2', POSTGRES],
  ['SELECT /* a /* b; */ c; */ 1', POSTGRES],
  ['SELECT 1 # a; b', MYSQL],
  ['SELECT `a;b`, "c;d"', MYSQL],
  ['CREATE TRIGGER t AFTER INSERT ON n BEGIN UPDATE n SET a = 1; DELETE FROM m; END', SQLITE],
  ['CREATE TRIGGER t AFTER INSERT ON n BEGIN SELECT CASE WHEN 1 THEN 2 END; SELECT 1; END', SQLITE],
  [
    'CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; WHILE 0 DO SELECT 2; END WHILE; CASE 1 WHEN 1 THEN SELECT 3; END CASE; END',
    MYSQL,
  ],
  ['/*!50001 CREATE TABLE v2 (a INT) */', MYSQL],
  ['SELECT 5--3', MYSQL],
  ['CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END', POSTGRES],
  ['CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c)', POSTGRES],
  ['SELECT $é$a; b$é$', POSTGRES],
  ['CREATE TABLE log (id INT, event TEXT, begin TEXT)', SQLITE],
  ['CREATE TRIGGER t AFTER INSERT ON n BEGIN SELECT NEW.end; SELECT 1; END', SQLITE],
  ['CREATE PROCEDURE p() BEGIN FOR i IN 1..2 DO SELECT i; END FOR; SELECT 1; END', MYSQL],
  ['CREATE PROCEDURE p() BEGIN BEGIN SELECT 1; END; IF 1 THEN SELECT 2; END IF; END', MYSQL],
  ['CREATE OR REPLACE DEFINER = CURRENT_USER FUNCTION f() RETURNS INT BEGIN RETURN 1; END', MYSQL],
  ["SELECT 'not closed; at all", SQLITE],
] as const)('a semicolon in a text, a comment or a body ends nothing: %s', (script, dialect) => {
  expect(texts(`${script}`, dialect)).toEqual([script]);
  const closed = !/closed|# a|-- a/.test(script);
  if (closed) expect(texts(`${script};\nSELECT 2;`, dialect)).toEqual([script, 'SELECT 2']);
});

test('a transaction of the script itself is no body', () => {
  expect(texts('BEGIN; SELECT 1; END; CREATE TABLE event (a INT); SELECT 2', SQLITE)).toEqual([
    'BEGIN',
    'SELECT 1',
    'END',
    'CREATE TABLE event (a INT)',
    'SELECT 2',
  ]);
});
