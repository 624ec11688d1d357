readonly policy: LivePolicy;
readonly approvals: Approvals;
