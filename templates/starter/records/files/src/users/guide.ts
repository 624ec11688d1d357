import { SORTS } from './user-pages.js';
import { PLANS } from './users.js';

/** How to work with the users, for models and people. */
export const GUIDE = `# Users

A user has an e-mail address (unique, in lower case), a name, a plan (${PLANS.join(', ')}), whether it is active, and a version.

## Finding

\`query_users\` filters by \`search\` (part of the name or address), \`plan\`, \`active\`, \`createdAfter\` and \`createdBefore\`, and sorts by
${SORTS.join(', ')}. Send \`nextCursor\` back as \`cursor\`, with everything else unchanged, for the next page; \`null\` means the last one.

## Changing

\`update_user\` wants the \`version\` that you have read. If the user was changed since, nothing happens (CONFLICT): read it again and decide anew.
\`delete_user\` wants the id and the address, so that whoever approves it sees whom it is about. To keep a user's data, set \`active\` to false.

## Errors

| code | what happened | what to do |
|---|---|---|
| ALREADY_EXISTS | another user has the address | find that user, or use another address |
| CONFLICT | the user was changed since you read it | read it again |
| NOT_FOUND | no user has that id | search for it |
| INVALID_CURSOR | the cursor is that of another sorting | begin with the first page |
| STORE_BUSY, STORE_TIMEOUT, STORE_UNAVAILABLE | the database did not answer in time | repeat the same call later |
`;
