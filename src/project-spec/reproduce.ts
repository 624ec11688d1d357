/** The command that creates the same project again. */
import path from 'node:path';
import type { Catalog } from '../catalog/types.js';
import type { ProjectSpec } from '../model.js';
import { sh } from '../text/encoders.js';
import { version } from '../version.js';
import { defaultDescription } from './description.js';

/**
 * This version of ours with every choice as a flag, so that a later change of defaults changes nothing; quoted for a
 * POSIX shell.
 *
 * @param directory as it was typed or would be
 */
export function reproduceCommand(spec: ProjectSpec, catalog: Catalog, directory: string): string {
  const named = path.basename(directory) === spec.name ? [] : ['--name', spec.name];
  const described = spec.description === defaultDescription(spec.name) ? [] : [spec.description];
  const words = [
    ...['npx', `create-mcp-server@${version}`, directory],
    ...named,
    ...described.flatMap((text) => ['--description', text]),
    ...catalog.axes.flatMap((axis) => [`--${axis.id}`, (spec.choices[axis.id] ?? []).join(',')]),
    '--yes',
  ];
  return words.map(sh).join(' ');
}
