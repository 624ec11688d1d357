if (!this.policy.accessOf(principal).allows('resource', uri)) return false;
