async answerWithoutBody(...asked) {
  const { sessions } = await load();
  return await sessions.answerWithoutBody(...asked);
},
