/** A replica that shares nothing does not look any different from one that does. */
const shared = process.env.NODE_ENV === 'production' ? ['REDIS_URL'] : [];
const config = orExit(() => loadConfig(process.env, [...requiredSettings, ...shared]));
