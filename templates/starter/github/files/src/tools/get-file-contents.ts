import type { ContentBlock } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import type { Contents, Place, RepositoryFile } from '../github/client.js';
import { binaryType, linesOf, textOf } from '../github/files.js';
import { owner, path, ref, repo } from '../github/names.js';
import { READS } from '../github/results.js';
import { hasInvisible, UNTRUSTED } from '../github/untrusted.js';
import { defineTool } from '../parts.js';
import { contentsUri } from '../resources/repository-contents.js';

/** Larger images are only named: a result has room for little else. */
const MAX_IMAGE_BYTES = 300_000;

export const getFileContents = defineTool({
  name: 'get_file_contents',
  title: 'Get file contents',
  description:
    'Reads a file of a repository, or lists a directory. Long files come in parts: ask for the lines that you need.',
  input: z.object({
    owner,
    repo,
    path: path.default('').describe('File or directory; empty: the root'),
    ref: ref.optional(),
    firstLine: z.number().int().min(1).default(1).describe('Where to begin in a text'),
    maxLines: z.number().int().min(1).max(5_000).default(1_000),
  }),
  annotations: READS,
  scopes: ['github:read'],
  async run({ firstLine, maxLines, ...place }, { github, principal, signal }) {
    const contents = await github.as(principal).contents(place, signal);
    if (contents.kind === 'file') return fileBlocks(contents.file, place, firstLine, maxLines);
    return [text(describe(contents))];
  },
});

const text = (said: string): ContentBlock => ({ type: 'text', text: said });

function describe(contents: Exclude<Contents, { kind: 'file' }>): string {
  switch (contents.kind) {
    case 'symlink':
      return `A symbolic link to ${JSON.stringify(contents.target)}, which is no file of the repository.`;
    case 'submodule':
      return `A submodule: commit ${contents.commit} of ${JSON.stringify(contents.url)}.`;
    case 'directory': {
      const more = contents.isComplete ? '' : ' GitHub lists no more than these.';
      const entries = contents.entries.map((entry) => JSON.stringify(entry));
      return [`A directory with ${entries.length} entries.${more}`, ...entries].join('\n');
    }
  }
}

/** What is known of a file, and the file itself as a resource: so clients and models can tell the two apart. */
function fileBlocks(
  file: RepositoryFile,
  place: Place,
  firstLine: number,
  maxLines: number,
): ContentBlock[] {
  const { path, size, sha, bytes } = file;
  const about = `${JSON.stringify(path)}, ${size} bytes, blob ${sha}`;
  // A resource is read from the main branch.
  const uri = place.ref === undefined ? contentsUri(place) : (file.url ?? contentsUri(place));
  const content = textOf(bytes);
  if (content !== undefined) {
    const lines = linesOf(content, firstLine, maxLines);
    const warning = hasInvisible(lines.text)
      ? ' It has invisible characters, which can make code look like other code.'
      : '';
    const range = `lines ${lines.first} to ${lines.last} of ${lines.total}`;
    return [
      text(`${about}, ${range}.${warning} ${UNTRUSTED}`),
      { type: 'resource', resource: { uri, mimeType: 'text/plain', text: lines.text } },
    ];
  }
  const mimeType = binaryType(path);
  if (mimeType.startsWith('image/') && bytes.length <= MAX_IMAGE_BYTES) {
    const data = Buffer.from(bytes).toString('base64');
    return [text(`${about}, an image.`), { type: 'image', data, mimeType }];
  }
  return [
    text(`${about}, not a text. Its bytes are at the resource.`),
    { type: 'resource_link', uri, name: path, mimeType, size },
  ];
}
