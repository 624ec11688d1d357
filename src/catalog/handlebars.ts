/** The Handlebars runtime (no compiler), with the types that its own entry lacks. */
import type Handlebars from 'handlebars';
import runtime from 'handlebars/runtime.js';

export const handlebars = runtime as unknown as Pick<typeof Handlebars, 'helpers' | 'template'>;
