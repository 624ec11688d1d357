import * as z from 'zod/v4';
import { ConfigError, type Part, ToolError } from '../kit/index.js';
import { apiToken } from '../kit/outbound/addresses.js';
import { bearer, type Credential } from '../kit/outbound/credentials.js';
import { type GitHub, github, githubSettings, openGitHub } from './github.js';

const NO_TOKENS = 'must be like {"alice": "github_pat_…"}';

/** Tokens by the ids of callers. A problem never quotes one. */
const tokens = z.string().transform((text, ctx): ReadonlyMap<string, Credential> => {
  const parsed = z.record(z.string().min(1), apiToken).safeParse(parseJson(text));
  if (!parsed.success) {
    ctx.addIssue({ code: 'custom', message: NO_TOKENS });
    return z.NEVER;
  }
  return new Map(Object.entries(parsed.data).map(([id, token]) => [id, bearer(token)]));
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const settings = { ...githubSettings, GITHUB_TOKENS: tokens.optional() };

/**
 * GitHub, with one token for all callers or with one for each. What a caller authenticates with here never goes to GitHub: it was
 * issued for this server, and GitHub's tokens are not for this server either.
 */
export function githubForCallers() {
  return {
    settings,
    open(env) {
      const { GITHUB_TOKEN: token, GITHUB_TOKENS: tokens } = env.config;
      if (tokens === undefined) return github().open(env);
      // With both, a caller without a token would act with the rights of the server.
      if (token !== undefined) {
        throw new ConfigError(['GITHUB_TOKEN, GITHUB_TOKENS: set one of them, not both']);
      }
      return openGitHub(env, ({ id }) => tokens.get(id) ?? refuse(id));
    },
  } satisfies Part<typeof settings, GitHub>;
}

function refuse(id: string): never {
  throw new ToolError('FORBIDDEN', `This server has no GitHub token for ${id}.`, {
    suggestions: ['The operator of the server can add one to GITHUB_TOKENS.'],
  });
}
