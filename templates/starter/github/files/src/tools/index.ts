export { createIssue } from './create-issue.js';
export { getFileContents } from './get-file-contents.js';
export { listIssues } from './list-issues.js';
export { listRepositories } from './list-repositories.js';
export { searchCode } from './search-code.js';
