if (request.method !== 'POST') {
  answered();
  return protocol.answerWithoutBody(request, caller.principal, authenticateAgain);
}
