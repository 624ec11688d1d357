/** All commands in one chunk of the bundle: each is small, and what is large in them is loaded when it is used. */
export { addToolCommand } from './add-tool.js';
export { createCommand } from './create.js';
export { kitCommand } from './kit.js';
export { renderCommand } from './render.js';
export { smokeCommand } from './smoke.js';
