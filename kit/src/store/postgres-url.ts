import { resolve } from 'node:path';
import { PROJECT } from '../host/node/project.js';

const FILES = /(?<=[?&]ssl(?:rootcert|cert|key)=)[^&#]+/g;

/** A connection string whose certificates and keys are found wherever the process was started: relative to the project. */
export function withProjectPaths(url: string): string {
  return url.replace(FILES, (path) => {
    const decoded = new URLSearchParams(`path=${path}`).get('path') ?? path;
    return encodeURIComponent(resolve(PROJECT, decoded));
  });
}
