answer: async (request, body, principal) =>
  (await sessions.answer(request, body, principal)) ?? (await answer(request, body, principal)),
