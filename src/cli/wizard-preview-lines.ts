import { styleText } from 'node:util';
import { printable } from './wizard-frame.js';
import type { Preview } from './wizard-preview.js';

/** The preview for a terminal of `width` columns. */
export function previewLines(preview: Preview, directory: string, width: number): string[] {
  const room = Math.min(width - 6, 94);
  const folders = preview.folders.map(([name, files]) => `${name}/ (${files})`);
  const rows: [string, string[]][] = [
    ['Folders', folders],
    ['Files', [...preview.topLevel]],
    ['Runs on', [...preview.dependencies]],
    ['Built with', [...preview.devDependencies]],
  ];
  return [
    '',
    `${styleText('bold', preview.name)} in ${styleText('cyan', printable(directory))}, ${preview.files} files`,
    '',
    ...rows.flatMap(([title, items]) => labelled(title, fill(items, room - 12, ', '))),
    '',
    styleText('dim', 'The same again, without questions:'),
    ...fill(shellWords(preview.command), room - 4, ' ').map((line, index, all) =>
      styleText('dim', `${index === 0 ? '' : '  '}${line}${index < all.length - 1 ? ' \\' : ''}`),
    ),
    '',
  ];
}

function labelled(title: string, lines: readonly string[]): string[] {
  return lines.map(
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
