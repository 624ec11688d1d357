import * as z from 'zod/v4';

// What GitHub answers, as far as this server looks at it. See https://docs.github.com/rest

const login = z.object({ login: z.string() });

export const RepositoryAnswer = z.object({
  name: z.string(),
  full_name: z.string(),
  owner: login,
  description: z.string().nullable(),
  private: z.boolean(),
  fork: z.boolean(),
  archived: z.boolean().default(false),
  language: z.string().nullish(),
  default_branch: z.string(),
  pushed_at: z.string().nullish(),
  html_url: z.string(),
});
export type RepositoryAnswer = z.output<typeof RepositoryAnswer>;

const EntryAnswer = z.object({
  type: z.string(),
  name: z.string(),
  path: z.string(),
  sha: z.string(),
  size: z.number(),
  html_url: z.string().nullish(),
  download_url: z.string().nullish(),
});
export type EntryAnswer = z.output<typeof EntryAnswer>;

const FileAnswer = EntryAnswer.extend({
  encoding: z.string().optional(),
  content: z.string().optional(),
  target: z.string().optional(),
  submodule_git_url: z.string().nullish(),
});
export type FileAnswer = z.output<typeof FileAnswer>;

/** A directory is a list. */
export const ContentsAnswer = z.union([z.array(EntryAnswer), FileAnswer]);

const MatchAnswer = z.object({
  path: z.string(),
  html_url: z.string(),
  repository: z.object({ name: z.string(), full_name: z.string(), owner: login }),
  text_matches: z.array(z.object({ fragment: z.string() })).optional(),
});
export type MatchAnswer = z.output<typeof MatchAnswer>;

export const SearchAnswer = z.object({
  total_count: z.number(),
  incomplete_results: z.boolean(),
  items: z.array(MatchAnswer),
});

export const IssueAnswer = z.object({
  number: z.number(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  // The account may be gone.
  user: login.nullable(),
  author_association: z.string().optional(),
  labels: z.array(z.union([z.string(), z.object({ name: z.string().nullish() })])),
  assignees: z.array(login).nullish(),
  comments: z.number().optional(),
  html_url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  pull_request: z.unknown().optional(),
});
export type IssueAnswer = z.output<typeof IssueAnswer>;

const Refusal = z.object({
  message: z.string(),
  errors: z
    .array(
      z.union([
        z.string(),
        z.object({
          message: z.string().optional(),
          field: z.string().optional(),
          code: z.string().optional(),
        }),
      ]),
    )
    .optional(),
});

/** What GitHub says of an error, and what a token would need. */
export function refusalIn(body: unknown, headers: Headers): string | undefined {
  const { data } = Refusal.safeParse(body);
  if (data === undefined) return undefined;
  const details = (data.errors ?? []).map((one) =>
    typeof one === 'string' ? one : [one.field, one.message ?? one.code].filter(Boolean).join(': '),
  );
  const needed = headers.get('x-accepted-github-permissions');
  const signOn = headers.get('x-github-sso')?.startsWith('required');
  return [
    data.message,
    ...details,
    ...(needed ? [`the token needs the permission ${needed}`] : []),
    ...(signOn ? ['the organization wants the token authorized for single sign-on'] : []),
  ].join('; ');
}
