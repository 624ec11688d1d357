import type { App } from '../app.js';
