async answer(request, body, principal) {
  watchForRefusedCalls(request, body, principal, app);
  const inSession = await sessions.answer(request, body, principal);
  return inSession ?? (await answer(request, body, principal));
},
answerWithoutBody: (...asked) => sessions.answerWithoutBody(...asked),
