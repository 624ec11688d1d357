import { keepCompiledCode } from './kit/host/node/compile-cache.js';

// Loaded afterwards, so that their compiled code is kept, too.
keepCompiledCode();
const { serveHttp } = await import('./kit/serve/http.js');
const { server } = await import('./server.js');
serveHttp(server);
