/** Who vouches for the caller, and under which name: together they are unique. */
readonly issuer?: string;
readonly subject?: string;
