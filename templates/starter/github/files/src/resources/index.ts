export { issue } from './issue.js';
export { repositoryContents } from './repository-contents.js';
