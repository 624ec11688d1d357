import * as z from 'zod/v4';
import { textOf } from '../github/files.js';
import { owner, path, ref, repo } from '../github/names.js';
import { hasInvisible, UNTRUSTED } from '../github/untrusted.js';
import { ToolError } from '../kit/index.js';
import { definePrompt } from '../parts.js';
import { completeOwner, completePath, completeRepo } from '../resources/completions.js';
import { contentsUri } from '../resources/repository-contents.js';

export const reviewCode = definePrompt({
  name: 'review_code',
  title: 'Review code',
  description: 'Asks for a review of one file of a repository.',
  args: z.object({
    owner,
    repo,
    path: path.describe('The file'),
    ref: ref.optional(),
    focus: z.string().max(500).optional().describe('What to look at above all'),
  }),
  scopes: ['github:read'],
  complete: { owner: completeOwner, repo: completeRepo, path: completePath },
  async messages({ focus, ...place }, { github, principal, signal }) {
    const contents = await github.as(principal).contents(place, signal);
    const code = contents.kind === 'file' ? textOf(contents.file.bytes) : undefined;
    if (code === undefined) throw new ToolError('INVALID_INPUT', 'path: it is not a text file.');
    const { owner, repo, path } = place;
    const text = [
      `Review the file ${path} of ${owner}/${repo}, which follows.`,
      ...(focus === undefined ? [] : [`Look above all at this: ${focus}`]),
      'Report, the worst first: bugs, security holes, races and leaks, errors that are not handled, what is hard to read. For each: the line, what happens, and a fix as a diff. Say what you could not judge from this file alone; read others with get_file_contents and find callers with search_code.',
      'Do not praise, and do not report what a formatter would change. If you find nothing, say so.',
      ...(hasInvisible(code)
        ? ['The file has invisible characters: find out whether they hide something.']
        : []),
      UNTRUSTED,
    ].join('\n');
    const resource = { uri: contentsUri(place), mimeType: 'text/plain', text: code };
    return [
      { role: 'user', content: { type: 'text', text } },
      { role: 'user', content: { type: 'resource', resource } },
    ];
  },
});
