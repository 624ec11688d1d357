import { build } from 'rolldown';
import { FIXTURE } from './fixture.js';

/** Leaves out maps of packages, as the build of a generated project does. */
const ownMapsOnly = {
  name: 'own-maps-only',
  transform: {
    filter: { id: /node_modules/ },
    handler: (code: string) => ({ code, map: { mappings: '' } }),
  },
};

/** Builds the fixture, for the tests that start a server as a process. */
export default async function setup(): Promise<void> {
  await build({
    cwd: FIXTURE,
    input: { http: 'src/http.ts', stdio: 'src/stdio.ts' },
    platform: 'node',
    external: [/^libsql/],
    plugins: [ownMapsOnly],
    logLevel: 'silent',
    output: { dir: 'dist', cleanDir: true, chunkFileNames: '[name].js', sourcemap: true },
  });
}
