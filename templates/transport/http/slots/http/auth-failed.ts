metrics.authFailed(caller.refusal.status, request.headers);
