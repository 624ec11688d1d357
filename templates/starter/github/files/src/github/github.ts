import type { Part, PartEnv, Principal } from '../kit/index.js';
import { list } from '../kit/index.js';
import { apiToken, apiUrl } from '../kit/outbound/addresses.js';
import { bearer, type Credential } from '../kit/outbound/credentials.js';
import { HttpApi } from '../kit/outbound/http-api.js';
import { refusalIn } from './answers.js';
import { GitHubClient, MAX_FILE_BYTES } from './client.js';
import { AllowedRepositories } from './names.js';

export const githubSettings = {
  GITHUB_API_URL: apiUrl().default('https://api.github.com'),
  GITHUB_TOKEN: apiToken.optional(),
  GITHUB_REPOSITORIES: list
    .refine((all) => all.every(AllowedRepositories.isPattern), 'must be like acme/shop, acme/*')
    .default([]),
};

/** The version of the API that this server was written for. */
const API_VERSION = '2022-11-28';

/** GitHub for every caller. */
export interface GitHub {
  /** GitHub as this caller may see it. @throws {ToolError} `FORBIDDEN` when there is no token for the caller. */
  as(principal: Principal): GitHubClient;
}

/** GitHub, or the GitHub Enterprise server at `GITHUB_API_URL`, with one token for all callers. */
export function github() {
  return {
    settings: githubSettings,
    open(env) {
      const { GITHUB_TOKEN: token } = env.config;
      const credential = token === undefined ? undefined : bearer(token);
      return openGitHub(env, () => credential);
    },
  } satisfies Part<typeof githubSettings, GitHub>;
}

/** @param tokenOf the credential for what a caller wants; without one GitHub shows what is public, 60 times an hour */
export function openGitHub(
  env: PartEnv<typeof githubSettings>,
  tokenOf: (principal: Principal) => Credential | undefined,
): GitHub {
  const { GITHUB_API_URL: baseUrl, GITHUB_REPOSITORIES: repositories } = env.config;
  const api = new HttpApi(env, {
    name: 'GitHub',
    baseUrl,
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': API_VERSION },
    timeoutMs: 10_000,
    maxBytes: MAX_FILE_BYTES,
    messageOf: refusalIn,
  });
  const allowed = new AllowedRepositories(repositories);
  return { as: (principal) => new GitHubClient(api, allowed, tokenOf(principal)) };
}
