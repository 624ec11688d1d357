/** Settings of the npm run that started us, which would mislead a nested one. */
const RUN_SETTINGS =
  /^npm_config_(user_agent|npm_version|local_prefix|prefix|global|location|package|call|yes|dry_run|json|omit|include|only|production|workspaces?|include_workspace_root|save.*|init.*|argv|node_gyp)$/i;

/** Git's own variables, set for example inside a hook, that point at some other repository. */
const GIT_LOCATION = /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY)$/;

/**
 * The environment for child processes: ours without what describes the run that started us. Registry, cache,
 * proxy and credentials stay. `NODE_ENV` goes, because `production` would leave out the build tools.
 */
export function childEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => isKept(name)));
}

function isKept(name: string): boolean {
  if (name === 'INIT_CWD' || name === 'NODE_ENV' || GIT_LOCATION.test(name)) return false;
  if (!/^npm_/i.test(name)) return true;
  return /^npm_config_/i.test(name) && !RUN_SETTINGS.test(name);
}
