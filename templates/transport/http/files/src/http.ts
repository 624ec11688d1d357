import { enableCompileCache } from './kit/host/node/project.js';

// Loaded afterwards, so that their compiled code is kept, too.
enableCompileCache();
const { serveHttp } = await import('./kit/serve/http.js');
const { server } = await import('./server.js');
serveHttp(server);
