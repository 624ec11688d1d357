if (request.method !== 'POST') {
  answered();
  const authenticateAgain = async () => authenticate(request.headers, address);
  return await protocol.answerWithoutBody(request, caller.principal, authenticateAgain);
}
