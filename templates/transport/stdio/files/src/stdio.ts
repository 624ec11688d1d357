import { enableCompileCache, protectStdout } from './kit/host/node/project.js';

protectStdout();
// Loaded afterwards, so that their compiled code is kept, too.
enableCompileCache();
const { serveStdio } = await import('./kit/serve/stdio.js');
const { server } = await import('./server.js');
serveStdio(server);
