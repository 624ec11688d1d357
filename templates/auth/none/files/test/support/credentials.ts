/** How the tests authenticate over HTTP: not at all. */
export const credentials = { headers: {} };
