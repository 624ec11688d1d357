if (request.method !== 'POST') {
  answered();
  return protocol.answer(request, undefined, caller.principal);
}
