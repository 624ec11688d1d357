import packageJson from '../package.json' with { type: 'json' };

/** The version of this generator, as written into the manifest of every project. */
export const version: string = packageJson.version;
