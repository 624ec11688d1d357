/** The table at the end. */
const rows = [];

/** Notes a result; `aim` is the largest value that is good enough, `unit` stands behind both. */
export function record(what, value, { aim, unit = '', note = '' } = {}) {
  const met = aim === undefined ? null : value <= aim;
  rows.push({ what, value, aim, unit, note, met });
  console.error(line(rows.at(-1)));
  return met !== false;
}

/** Prints all results as a Markdown table. Returns whether every aim is met. */
export function printTable() {
  console.log('| what | measured | aim | |\n|---|---|---|---|');
  for (const { what, value, aim, unit, note, met } of rows) {
    const mark = met === null ? '' : met ? 'met' : '**missed**';
    const goal = aim === undefined ? '' : `≤ ${aim}${unit}`;
    console.log(`| ${what}${note && ` (${note})`} | ${number(value)}${unit} | ${goal} | ${mark} |`);
  }
  return rows.every(({ met }) => met !== false);
}

function line({ what, value, aim, unit, note, met }) {
  const mark = met === null ? '·' : met ? '✔' : '✖';
  const goal = aim === undefined ? '' : ` (aim ≤ ${aim}${unit})`;
  return `${mark} ${what}: ${number(value)}${unit}${goal}${note && `  ${note}`}`;
}

function number(value) {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? String(Math.round(value)) : value.toFixed(2);
}
