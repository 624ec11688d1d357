export { checkDescription, defaultDescription } from './description.js';
export { PACKAGE_MANAGER_AXIS, toExternalSpec } from './external.js';
export { checkProjectName, dependencyNames, suggestName } from './name.js';
export { reproduceCommand } from './reproduce.js';
export { previewChoices, resolveSpec } from './resolve.js';
