/** Answers GET and DELETE. The stream of the former ends when the credentials of its caller do. */
answerWithoutBody(
  request: Incoming,
  principal: Principal,
  authenticate: Authenticate,
): Promise<Answer>;
