if (request.method !== 'POST') {
  answered();
  return await protocol.answer(request, undefined, caller.principal);
}
