/** The picture of the wizard in the README. `npm run record` draws it again. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, inject, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { Key, TestTerminal } from '../support/terminal.js';
import { captureFrame, type Frame, renderSvg } from '../support/terminal-svg.js';

const FILE = 'docs/wizard.svg';
const COLUMNS = 92;

async function record(): Promise<string> {
  const command = [process.execPath, inject('packed').create];
  const size = { cols: COLUMNS, rows: 60 };
  const terminal = new TestTerminal(command, { ...size, cwd: temporaryFolder() });
  onTestFinished(() => terminal.close());
  const frames: Frame[] = [];
  const see = async (text: string | RegExp) => {
    await terminal.waitFor(text);
    frames.push(captureFrame(terminal.emulator));
  };

  await see('◆  Where should');
  await terminal.send('order-server');
  await see('order-server█');
  const questions = [
    'day one',
    'reach the server',
    'over HTTP',
    'its data',
    'run',
    'watch it',
    'manager',
  ];
  for (const question of questions) {
    await terminal.send(Key.enter);
    await see(new RegExp(`◆  .*${question}`));
  }
  await terminal.send(Key.enter);
  await terminal.waitFor('◆  What does the server do?');
  await terminal.send('Finds and tracks the orders of our shop.');
  await see('of our shop.█');
  await terminal.send(Key.enter);
  await see('◆  Ready to create:');
  return renderSvg(frames, COLUMNS, 'The wizard of create-mcp-server asks a handful of questions');
}

/** Without what changes with every version and every template: the version and the preview at the end. */
function questionsOf(svg: string): string {
  return svg
    .slice(svg.indexOf('<rect'), svg.lastIndexOf('<g class'))
    .replace(/v\d+\.\d+\.\d+[^<]*/g, 'v');
}

test('the picture in the README shows the questions as they are', async () => {
  const svg = await record();
  if (process.env['UPDATE_DOCS']) writeFileSync(FILE, svg);
  const drawn = readFileSync(FILE, 'utf8');
  const hint = 'The wizard has changed: run npm run record.';
  expect(questionsOf(drawn), hint).toBe(questionsOf(svg));
});
