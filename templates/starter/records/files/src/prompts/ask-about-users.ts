import * as z from 'zod/v4';
import { definePrompt } from '../parts.js';
import { GUIDE } from '../users/guide.js';

export const askAboutUsers = definePrompt({
  name: 'ask_about_users',
  title: 'Ask about users',
  description: 'Answers a question about the users, with the tools that only read.',
  args: z.object({ question: z.string().max(1_000).describe('What you want to know') }),
  scopes: ['users:read'],
  messages({ question }) {
    const text = [
      `I want to know: ${question}`,
      'Answer with query_users and get_user, and change nothing. Read all pages before you count or compare. Say which filters you used.',
      GUIDE,
    ].join('\n\n');
    return [{ role: 'user', content: { type: 'text', text } }];
  },
});
