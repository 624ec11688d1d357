import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod/v4';
import type { HostFiles } from '../host.js';
import { appendTo, isWritableByOthers, LineWriter } from './line-writer.js';
import { PROJECT } from './project.js';

const inProject = (path: string) => resolve(PROJECT, path);

/** The files of this machine. */
export const files: HostFiles = {
  resolve: inProject,
  read: (path) => readFile(inProject(path), 'utf8'),
  readSync: (path) => readFileSync(inProject(path), 'utf8'),
  append(path, onLost) {
    try {
      return new LineWriter(appendTo(inProject(path)), onLost);
    } catch (error) {
      const isLink = (error as NodeJS.ErrnoException).code === 'ELOOP';
      const reason = isLink ? 'is a symbolic link; leave it out for stderr' : 'cannot be opened';
      throw new Error(reason, { cause: error });
    }
  },
  isWritableByOthers: (path) => isWritableByOthers(inProject(path)),
};

/** A setting that names a file, relative to the project. */
export const file = z.string().transform(inProject);
