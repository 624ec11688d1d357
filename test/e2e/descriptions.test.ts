import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { transform } from 'esbuild';
import { parse as parseToml } from 'smol-toml';
import { describe, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runCli, temporaryFolder } from '../support/cli.js';
import { dockerfileProblems } from '../support/schemas/dockerfile.js';

const DESCRIPTIONS: Record<string, string> = {
  quotes: `it's "quoted" \`here\` \\ and \\n \\u0041`,
  lines: 'one\ntwo\nthree\n\n\tfour',
  handlebars: '{{name}} {{{description}}} {{> app/imports}} {{#each env}}{{/each}} {{!-- x --}}',
  'template literals': '$' + '{process.exit(3)} $' + '{{ secrets.TOKEN }} $HOME $(touch pwned)',
  'replacement patterns': "$& $1 $$ $` $' $<name>",
  JSON: '", "scripts": { "preinstall": "touch pwned" }, "x": "',
  YAML: '"\nservices:\n  evil: { image: evil } # - & * ! | > % @',
  TOML: "\"\"\"\n[env]\nEVIL = '''1'''",
  Dockerfile: 'x\nRUN touch pwned\n# escape=`\nUSER root',
  comments: '*/ process.exit(1); /* // <!-- --> #',
  flag: '--yes -rf',
  emoji: '👩‍👩‍👧 🚀 é 日本語 \u2028 \u00a0',
  long: 'long '.repeat(99),
};
const REFUSED: Record<string, string> = {
  empty: '',
  blank: ' \n ',
  'escape sequences': '\u001b[31mred',
  'text that is turned around': 'a\u202eb',
  'isolated text': 'a\u2066b',
  'too long': 'x'.repeat(501),
};
const FLAGS = ['--yes', '--no-install', '--no-git', '--deploy', 'docker,fly,k8s'];

/** Throws when a file is not valid in its language. */
async function parse(file: string, text: string): Promise<void> {
  if (file.endsWith('.json')) JSON.parse(text);
  else if (file.endsWith('.toml')) parseToml(text);
  else if (/\.ya?ml$/.test(file)) {
    for (const document of parseAllDocuments(text))
      if (document.errors[0]) throw document.errors[0];
  } else if (/\.(ts|mjs|js)$/.test(file)) await transform(text, { loader: 'ts' });
  else if (path.basename(file) === 'Dockerfile') {
    const problems = dockerfileProblems(text, () => true);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }
}

describe.concurrent('a description comes out as typed, and every file parses', () => {
  for (const [what, description] of Object.entries(DESCRIPTIONS)) {
    test(what, async ({ expect }) => {
      const cwd = temporaryFolder();
      const { code, stdout, stderr } = await runCli(
        ['flag', '--description', description, ...FLAGS, '--json'],
        { cwd },
      );
      expect(code, stderr).toBe(0);
      const report = JSON.parse(stdout);
      expect(report.spec.description).toBe(description);

      const read = (file: string) => readFileSync(path.join(cwd, 'flag', file), 'utf8');
      for (const file of report.files) {
        await parse(file, read(file)).catch((error) => {
          throw new Error(`${file}: ${error.message}`);
        });
      }
      const manifest = JSON.parse(read('package.json'));
      expect(manifest.description).toBe(description);
      expect(manifest.scripts).not.toHaveProperty('preinstall');
      expect(JSON.parse(read('.mcp-gen.json')).spec.description).toBe(description);
      const { code: module } = await transform(read('src/server.ts'), { loader: 'ts' });
      const alone = module.replace(/^import .*$/gm, '');
      const given =
        'const defineServer = (server) => server, parts = 0, tools = 0, resources = 0, prompts = 0;';
      const url = `data:text/javascript,${encodeURIComponent(given + alone)}`;
      expect((await import(/* @vite-ignore */ url)).server.description).toBe(description);
      expect(existsSync(path.join(cwd, 'pwned'))).toBe(false);

      // The same through a spec file, with the same bytes.
      const again = await runCli(['again/flag', '--spec', '-', ...FLAGS, '--json'], {
        cwd,
        input: JSON.stringify(report.spec),
      });
      expect(JSON.parse(again.stdout).files).toEqual(report.files);
      for (const file of report.files) {
        expect(readFileSync(path.join(cwd, 'again/flag', file), 'utf8')).toBe(read(file));
      }
    });
  }
});

describe.concurrent('refused: exit 2, nothing written', () => {
  for (const [what, description] of Object.entries(REFUSED)) {
    test(what, async ({ expect }) => {
      const cwd = temporaryFolder();
      const { code, stderr } = await runCli(['x', '--description', description, ...FLAGS], { cwd });
      expect(code).toBe(2);
      expect(stderr).toContain('description');
      expect(stderr).not.toContain('\u001b');
      expect(readdirSync(cwd)).toEqual([]);
    });
  }
});
