/** The address of a resource that is read. */
readonly uri?: string;
