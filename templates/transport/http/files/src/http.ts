import { keepCompiledCode } from './compile-cache.js';

// Loaded afterwards, so that its compiled code is kept, too.
keepCompiledCode();
await import('./serve-http.js');
