/**
 * Whether a call with these arguments, by hash, has been approved or only asked about, and in which set it is remembered that
 * this was used.
 */
readonly approval?: { readonly call: string; readonly approved: boolean; readonly set: string };
