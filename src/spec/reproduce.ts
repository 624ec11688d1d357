/** The one command that makes the same project again. */
import type { Catalog, ProjectSpec } from '../model.js';
import { sh } from '../plan/encoders.js';
import { defaultDescription } from './description.js';

/** Every choice as a flag, so that a later change of defaults changes nothing; quoted for a POSIX shell. */
export function reproduceCommand(spec: ProjectSpec, catalog: Catalog): string {
  const described = spec.description === defaultDescription(spec.name) ? [] : [spec.description];
  const words = [
    ...['npx', 'create-mcp-server', spec.name],
    ...described.flatMap((text) => ['--description', text]),
    ...catalog.axes.flatMap((axis) => [`--${axis.id}`, (spec.choices[axis.id] ?? []).join(',')]),
    '--yes',
  ];
  return words.map(sh).join(' ');
}
