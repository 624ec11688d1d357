rememberHeaders(request.headers);
