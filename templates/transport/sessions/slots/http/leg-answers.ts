const inSession = await sessions.answer(request, body, who.principal);
if (inSession !== undefined) return inSession;
