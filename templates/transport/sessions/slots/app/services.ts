/** What is known of the sessions of clients, and what their streams say. */
readonly sessions: SessionState;
