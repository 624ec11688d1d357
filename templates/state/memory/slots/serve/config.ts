const config = orExit(() => loadConfig(process.env, requiredSettings));
