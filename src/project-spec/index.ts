export { choiceOf, chosenOf, toIds } from './choices.js';
export { checkDescription, defaultDescription } from './description.js';
export { toExternalSpec } from './external.js';
export {
  checkProjectName,
  checkScope,
  dependencyNames,
  nameFromDirectory,
  suggestName,
} from './name.js';
export { reproduceCommand } from './reproduce.js';
export { previewChoices, resolveSpec } from './resolve.js';
export { optionBlocked, selectionBlocked } from './rules.js';
