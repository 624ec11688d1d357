import './kit/host/node/protect-stdout.js';

import { keepCompiledCode } from './kit/host/node/compile-cache.js';

// Loaded afterwards, so that their compiled code is kept, too.
keepCompiledCode();
const { serveStdio } = await import('./kit/serve/stdio.js');
const { server } = await import('./server.js');
serveStdio(server);
