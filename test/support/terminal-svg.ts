import type { IBufferCell, Terminal } from '@xterm/headless';

/** A run of cells that look alike. */
interface Run {
  readonly column: number;
  readonly text: string;
  readonly width: number;
  readonly style: string;
}

/** A picture of the screen: its rows, each as styled runs. */
export type Frame = readonly (readonly Run[])[];

const CELL = { width: 8.43, height: 17 } as const;
const MARGIN = 20;
const SECONDS = 1.6;
/** The last frame stays longer: there is more to read. */
const LAST_SECONDS = 6;
const BACKGROUND = '#0d1117';
const FOREGROUND = '#e6edf3';
/** The 16 colours of a terminal. */
const PALETTE = (
  '#484f58 #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #b1bac4 ' +
  '#6e7681 #ffa198 #56d364 #e3b341 #79c0ff #d2a8ff #56d4dd #f0f6fc'
).split(' ');

/** What the emulated screen shows now. */
export function captureFrame(terminal: Terminal): Frame {
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, row) => {
    const line = active.getLine(active.baseY + row);
    const runs: Run[] = [];
    for (let column = 0; line && column < terminal.cols; column++) {
      const cell = line.getCell(column);
      if (!cell || cell.getWidth() === 0) continue;
      const text = cell.getChars() || ' ';
      const style = styleOf(cell);
      const last = runs.at(-1);
      if (last?.style === style) {
        const width = last.width + cell.getWidth();
        runs.splice(-1, 1, { ...last, text: last.text + text, width });
      } else runs.push({ column, text, width: cell.getWidth(), style });
    }
    return runs.filter((run) => run.text.trim() !== '' || run.style.includes('background'));
  });
}

/** One picture of several frames, shown one after the other; viewers without animation show the last. */
export function renderSvg(frames: readonly Frame[], columns: number, title: string): string {
  const rows = Math.max(
    ...frames.map((frame) => 1 + frame.findLastIndex((runs) => runs.length > 0)),
  );
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN);
  const height = rows * CELL.height + 2 * MARGIN + 20;
  const total = (frames.length - 1) * SECONDS + LAST_SECONDS;
  const share = (index: number) => `${((100 * index * SECONDS) / total).toFixed(3)}%`;
  const keyframes = frames.map((_, index) => {
    const last = index === frames.length - 1;
    const end = last ? '' : `${share(index + 1)} { visibility: hidden } `;
    const start = index === 0 ? '' : '0% { visibility: hidden } ';
    return `@keyframes f${index} { ${start}${share(index)} { visibility: visible } ${end}}`;
  });
  const rules = frames.map((_, index) => `.f${index} { animation-name: f${index} }`);
  const groups = frames.map((frame, index) => {
    const hidden = index === frames.length - 1 ? '' : ' visibility="hidden"';
    return `<g class="f f${index}"${hidden}>\n${frame.flatMap(rowText).join('\n')}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(title)}">
<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: ${FOREGROUND}; white-space: pre }
@media (prefers-reduced-motion: no-preference) {
.f { animation: ${total}s step-end infinite }
${[...rules, ...keyframes].join('\n')}
}
</style>
<rect width="100%" height="100%" rx="10" fill="${BACKGROUND}"/>
<g fill="#30363d"><circle cx="22" cy="20" r="6"/><circle cx="42" cy="20" r="6"/><circle cx="62" cy="20" r="6"/></g>
${groups.join('\n')}
</svg>
`;
}

function rowText(runs: readonly Run[], row: number): string[] {
  const y = MARGIN + 20 + (row + 0.75) * CELL.height;
  return runs.map(({ column, text, width, style }) => {
    const x = (MARGIN + column * CELL.width).toFixed(2);
    const length = (width * CELL.width).toFixed(2);
    const css = style === '' ? '' : ` style="${style}"`;
    return `<text x="${x}" y="${y}" textLength="${length}" xml:space="preserve"${css}>${xml(text)}</text>`;
  });
}

function styleOf(cell: IBufferCell): string {
  const own = cell.isFgDefault() ? FOREGROUND : colorOf(cell.isFgRGB(), cell.getFgColor());
  // There is no background to draw: an inverse cell is a cursor.
  const fill = cell.isInverse() ? '#58a6ff' : own;
  return [
    ...(fill === FOREGROUND ? [] : [`fill:${fill}`]),
    ...(cell.isBold() ? ['font-weight:bold'] : []),
    ...(cell.isDim() ? ['opacity:.6'] : []),
    ...(cell.isStrikethrough() ? ['text-decoration:line-through'] : []),
  ].join(';');
}

function colorOf(isRgb: boolean, color: number): string {
  return isRgb ? `#${color.toString(16).padStart(6, '0')}` : (PALETTE[color] ?? FOREGROUND);
}

function xml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
