/** The packed program and what it makes, on every supported release of Node.js. */
import path from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { leftOut } from '../support/left-out.js';
import { nodeFolder, nodeVersions, whyNoOtherNodes } from '../support/node-versions.js';
import { Workshop } from '../support/workshop.js';

const reason = whyNoOtherNodes();
if (reason !== null) leftOut(`Node.js ${nodeVersions.join(', ')}`, reason);

describe.skipIf(reason !== null)('on Node.js', () => {
  it.concurrent.for(nodeVersions)('%s', async (major, context) => {
    const workshop = new Workshop([await nodeFolder(major)]);
    context.onTestFinished(() => workshop.remove());
    const directory = path.join(workshop.folder, 'my-server');
    const { create, gen } = inject('packed');

    expect(await workshop.run(['node', '--version'])).toMatch(`v${major}.`);
    for (const program of [create, gen]) {
      expect(await workshop.run(['node', program, '--help'])).toMatch(/^Usage: /);
    }
    const made = await workshop.run(['node', create, directory, '--yes', '--json', '--strict']);
    expect(JSON.parse(made)).toMatchObject({ ok: true, code: 0 });
    await workshop.run(['node', gen, 'add-tool', 'get_weather'], { cwd: directory });
    await workshop.run(['npm', 'run', 'check'], { cwd: directory });
  });
});
