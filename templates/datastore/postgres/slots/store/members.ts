/** How many connections there are, how many of them have nothing to do, and how many callers wait for one. */
readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number };
