/** What its credentials say it is, for the policy. */
readonly roles?: readonly string[];
/** Everything else that they say. */
readonly claims?: Readonly<Record<string, unknown>>;
