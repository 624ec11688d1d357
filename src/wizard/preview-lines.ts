import path from 'node:path';
import { styleText } from 'node:util';
import { printable } from './frame.js';
import type { Preview } from './preview.js';

/** Rows of the frame around the preview: the question, its options and its keys. */
const FRAME_ROWS = 8;

/** The preview for a terminal of `columns` × `rows`: as much as it can show at once. */
export function previewLines(
  preview: Preview,
  directory: string,
  { columns = 80, rows = 24 }: { readonly columns?: number; readonly rows?: number },
): string[] {
  const room = Math.min(columns - 6, 94);
  const facts = [
    labelled(
      'Folders',
      preview.folders.map(([name, files]) => `${name}/ (${files})`),
      room,
    ),
    labelled('Files', preview.topLevel, room),
    labelled('Runs on', preview.dependencies, room),
    labelled('Built with', preview.devDependencies, room),
  ];
  const name = styleText('bold', preview.name);
  const isPlain = path.normalize(directory) === preview.name;
  const title = isPlain ? name : `${name} in ${styleText('cyan', printable(directory))}`;
  const summary = `${title}, ${preview.files} files`;
  const command = commandLines(preview.command, room);
  const fitting = [
    ['', summary, '', ...facts.flat(), '', ...command, ''],
    [summary, ...facts.flat(), ...command],
    [summary, ...facts.slice(0, 3).flat(), ...command],
    [summary, ...facts.slice(0, 1).flat(), ...command],
  ].find((lines) => lines.length + FRAME_ROWS <= rows);
  return fitting ?? [summary];
}

function commandLines(command: string, room: number): string[] {
  const lines = fill(shellWords(command), room - 4, ' ').map((line, index, all) => {
    return `${index === 0 ? '' : '  '}${line}${index < all.length - 1 ? ' \\' : ''}`;
  });
  return ['Create the same project again:', ...lines].map((line) => styleText('dim', line));
}

function labelled(title: string, items: readonly string[], room: number): string[] {
  return fill(items, room - 12, ', ').map(
    (line, index) => `${styleText('dim', (index === 0 ? title : '').padEnd(12))}${line}`,
  );
}

/** Splits a command at the spaces that are not quoted. */
function shellWords(command: string): string[] {
  return printable(command).match(/(?:'[^']*'|\\.|[^\s'])+/g) ?? [];
}

/** Packs items into lines of at most `width` columns. */
function fill(items: readonly string[], width: number, separator: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    if (line !== '' && line.length + separator.length + item.length > width) {
      lines.push(line + separator.trimEnd());
      line = item;
    } else line = line === '' ? item : line + separator + item;
  }
  return line === '' ? lines : [...lines, line];
}
