const sent = ['authorization', 'x-api-key'].some((name) => request.headers.get(name) !== null);
metrics.authFailed(caller.refusal.status, sent);
