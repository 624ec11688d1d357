/** Whether a call with these arguments, by hash, has been approved or only asked about. */
readonly approval?: { readonly call: string; readonly approved: boolean };
